package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A change that cuts off the ssh session of its author is rolled back by itself. */
@Tag("system")
final class ApplySessionTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: %s, from: any}]}
            conntrack: {on-reload: %s}
            network-acls:
              deny: {ingress: [{rule: 100, action: deny, protocol: tcp, ports: 22, from: 0.0.0.0/0}, {rule: 200, action: allow, protocol: all, from: 0.0.0.0/0}], egress: [{rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}]}
            """;

    private static final String SSHD = "$0 = 'sshd';" + EchoScripts.SERVER.replace("7000", "22");
    private static final String TALK = EchoScripts.CLIENT.replace("7000", "22");

    private final List<Process> started = new ArrayList<>();
    private DaemonProcess daemon;
    private Path said;

    @BeforeEach
    void session() {
        Path log = LAB.file("sshd", "");
        started.add(LAB.start("fw", log, "perl", "-e", SSHD));
        Lab.awaitText("an sshd", log, text -> text.contains("ready"));
        daemon = LAB.daemon(RULES.formatted("", "[22, 80]", "keep"));
        said = talk("ssh");
    }

    private Path talk(String name) {
        Path words = LAB.file(name, "");
        started.add(LAB.start("client", words, "perl", "-e", TALK, Lab.SERVER));
        Lab.awaitText("a session", words, text -> text.contains("2\n"));
        return words;
    }

    @AfterEach
    void end() {
        started.forEach(Process::destroy);
        started.forEach(process -> Lab.await("its end", () -> !process.isAlive()));
        daemon.close();
    }

    /** As if started from a shell of that session. */
    private Command apply(String yaml, String... more) {
        String port = LAB.firewall("ss", "-Htn", "state", "established", "sport", "=", "22")
                .out()
                .replaceAll("(?s).*:(\\d+)\\s*$", "$1");
        List<String> words = new ArrayList<>(List.of(
                "env",
                "SSH_CONNECTION=" + Lab.CLIENT + " " + port + " " + Lab.SERVER + " 22",
                Home.PROGRAM,
                "apply",
                "--socket",
                daemon.socket().toString(),
                LAB.file("applied.yaml", daemon.home().withSocket(yaml)).toString()));
        words.addAll(List.of(more));
        return LAB.firewall(words.toArray(String[]::new));
    }

    private boolean talks() {
        int before = Lab.read(said).length();
        Lab.pause(1_500);
        return Lab.read(said).length() > before;
    }

    /** The milliseconds until the rollback. */
    private long awaitWayBack() {
        long startNs = System.nanoTime();
        Lab.await("the way back", () -> daemon.status().path("pending").asText().isEmpty());
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
    }

    @Test
    void theOwnSessionIsNamedWithItsRule() {
        Command plan = apply(RULES.formatted("", "22", "keep"), "--dry-run").ok();
        assertTrue(plan.out().contains("your ssh session from " + Lab.CLIENT), plan.out());
        assertTrue(plan.out().contains("is admitted anew: web/ingress[1]"), plan.out());
        Command refused = apply(RULES.formatted("", "80", "keep"), "--dry-run");
        assertEquals(1, refused.exit(), refused.out());
        assertTrue(refused.out().contains("would be REFUSED anew"), refused.out());
        assertTrue(refused.out().contains("--allow-lockout does it anyway"), refused.out());
        Command shown = apply(RULES.formatted("", "80", "recheck"), "--dry-run", "--allow-lockout")
                .ok();
        assertTrue(shown.out().contains(" end at their next packet"), shown.out());
        assertTrue(talks());
    }

    @Test
    void aChangeThatCutsItIsRolledBackWithinTwelveSeconds() {
        apply(RULES.formatted("", "80", "recheck"), "--allow-lockout", "--confirm", "10m")
                .ok();
        assertFalse(talks());
        long ms = awaitWayBack();
        Lab.await("the reason", () -> daemon.log().contains("cut the ssh session from " + Lab.CLIENT + " off"));
        // A busy machine may add seconds; the deadline is ten minutes away.
        assertTrue(ms < 60_000, ms + " ms");
        said = talk("ssh again");
        assertTrue(talks());
    }

    @Test
    void aTrackedSessionGoesOn() {
        apply(RULES.formatted(", network-acl: deny", "[22, 80]", "keep"), "--allow-lockout", "--confirm", "10m")
                .ok();
        assertFalse(talks());
        awaitWayBack();
        Lab.await("the session", this::talks);
    }

    @Test
    void aHealthySessionAndAnIdleOneCauseNoRollback() {
        apply(RULES.formatted("", "[22, 81]", "keep"), "--confirm", "10m").ok();
        Lab.pause(13_000);
        assertFalse(daemon.status().path("pending").asText().isEmpty());
        started.getLast().destroy();
        Lab.pause(13_000);
        assertFalse(daemon.status().path("pending").asText().isEmpty());
        daemon.cli("confirm").ok();
    }
}
