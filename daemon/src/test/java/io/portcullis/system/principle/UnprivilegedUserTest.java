package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.EchoScripts;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Principle 5: no unprivileged local user can change any of this. One was active before the daemon, and does all he can at a
 * start, at a restart after a crash, and when a NIC comes back.
 */
@Tag("system")
final class UnprivilegedUserTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "");

    /** The names by which older versions claimed NICs, for all indices that a NIC may get here. */
    static final String CLAIMS = """
            use Socket; $| = 1; my @held;
            for my $index (1 .. 200) {
                socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack("S a*", AF_UNIX, "\\0portcullis/nic/$index")) or die "$!";
                push @held, $s;
            }
            print "ready\\n"; sleep;
            """;

    /** A server on port 22, as root's, and a session with it within this host. */
    private static final String SSHD = EchoScripts.SERVER.replace("7000", "22");

    private static final String SESSION = """
            use Socket; $| = 1; socket(C, PF_INET, SOCK_STREAM, 6); connect(C, sockaddr_in(22, inet_aton($ARGV[0]))) or die "$!\\n";
            print "ready\\n"; sleep;
            """;

    /** Requests the metrics on as many connections as it gets, again and again, and never reads. */
    private static final String SCRAPES = """
            use Socket; $| = 1; $SIG{PIPE} = 'IGNORE'; my @held; print "ready\\n";
            while (1) {
                while (@held < 60) {
                    socket(my $s, PF_INET, SOCK_STREAM, 6) or die; last unless connect($s, sockaddr_in(9750, INADDR_LOOPBACK));
                    $s->blocking(0); push @held, $s;
                }
                @held = grep { defined(syswrite($_, "GET /metrics HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")) || $!{EAGAIN} } @held;
                select(undef, undef, undef, 0.1);
            }
            """;

    /** Locks every file that it can open below a folder, and keeps the locks. */
    static final String LOCKS = """
            use Fcntl ':flock'; use File::Find; $| = 1; my (%held, $taken); my @folders = @ARGV; print "ready\\n";
            while (1) {
                find({wanted => sub {
                    return if $held{$File::Find::name} || !-f $_; open(my $f, '<', $_) or return;
                    $held{$File::Find::name} = $f if flock($f, LOCK_EX | LOCK_NB);
                }, no_chdir => 1}, grep { -d } @folders);
                select(undef, undef, undef, 0.2);
            }
            """;

    private Hammer hammer;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
        Command.run("chmod", "755", LAB.folder().toString()).ok();
    }

    @BeforeEach
    void hammer() {
        hammer = new Hammer(LAB, "fw", Lab.SERVER);
        hammer.awaitThrough();
    }

    @AfterEach
    void open() {
        LAB.endDaemons();
        hammer.awaitThrough();
        hammer.stop();
    }

    /** Starts a script of this user in the firewall; it has begun when this returns. */
    static Process nobody(Lab lab, String name, String script, String... arguments) {
        List<String> words = new ArrayList<>(List.of("perl", "-MIO::Handle", "-MErrno", "-e", script));
        words.addAll(List.of(arguments));
        Path said = lab.file(name, "");
        Process process = lab.start("fw", said, Lab.asNobody(words.toArray(String[]::new)));
        Lab.awaitText(name, said, text -> text.contains("ready"));
        return process;
    }

    @Test
    void nothingThatNobodyCanDoOpensOrShutsTheHost() {
        Path sshd = LAB.file("sshd", "");
        Process server = LAB.start("fw", sshd, "perl", "-e", SSHD);
        Lab.awaitText("the server", sshd, text -> text.contains("ready"));
        Home home = LAB.home(RULES);
        home.openToReaders();
        List<Process> hostile = List.of(
                nobody(LAB, "claims", CLAIMS),
                nobody(LAB, "session", SESSION, Lab.SERVER),
                nobody(LAB, "scrapes", SCRAPES),
                nobody(
                        LAB,
                        "locks",
                        LOCKS,
                        home.folder().toString(),
                        LAB.folder().resolve("run").toString()));
        Path litter = Path.of("/dev/shm");
        String names = "portcullis-%1$s flows-web0-%1$s restore-web0-%1$s.json".formatted(LAB.namespace("fw"));
        LAB.firewall(Lab.asNobody("sh", "-c", "cd " + litter + " && touch " + names))
                .ok();
        try {
            DaemonProcess daemon = home.start();
            hammer.strike();
            long since = hammer.received();
            assertGuarded(daemon, since);
            daemon.crash();
            hammer.assertNoneSince(since);
            daemon = daemon.again();
            assertGuarded(daemon, since);
            daemon.signal("HUP");
            DaemonProcess now = daemon;
            Lab.await("the reload", () -> now.generation() == 2);

            // A NIC with an index that the user has prepared for.
            LAB.removeHostNic();
            LAB.makeHostNic();
            Lab.await("what is admitted, and nothing else", () -> LAB.answers(80) && !LAB.answersPing());
            hammer.strike();
            assertGuarded(daemon, hammer.received());
            assertAllAlive(hostile);
            daemon.close();
            assertFalse(LAB.firewall("ip", "link").out().contains("pch-"));
        } finally {
            hostile.forEach(Process::destroyForcibly);
            server.destroy();
            LAB.sh("fw", "cd " + litter + " && rm -f " + names);
        }
    }

    private static void assertAllAlive(List<Process> hostile) {
        for (Process each : hostile) {
            assertTrue(each.isAlive(), () -> each.info().commandLine().orElse("one of them") + " has given up");
        }
    }

    private void assertGuarded(DaemonProcess daemon, long since) {
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertFalse(LAB.answersPing());
        hammer.assertNoneSince(since);
        daemon.awaitHealth();
        Command scrape =
                LAB.firewall("curl", "-sf", "-m", "5", "--interface", "127.0.0.2", "http://127.0.0.1:9750/metrics");
        assertEquals(0, scrape.exit(), "Prometheus is shut out");
        assertTrue(daemon.process().isAlive(), daemon::log);
        assertFalse(daemon.log().contains("guarded already"), daemon::log);
    }

    /** As systemd makes them: others may list RUNTIME_DIRECTORY, and nothing below it. */
    @Test
    void noFileOfTheDaemonCanBeOpened() {
        Home home = LAB.home(RULES);
        home.openToReaders();
        DaemonProcess daemon = home.start();
        daemon.awaitHealth();
        Command readable = LAB.firewall(
                Lab.asNobody("find", home.state().toString(), home.lasting().toString(), "-type", "f", "-readable"));
        // An error line of find begins with find's name.
        assertFalse(
                readable.out().lines().anyMatch(line -> line.startsWith("/")), "nobody may read:\n" + readable.out());
        Command writable = LAB.firewall(Lab.asNobody("find", home.folder().toString(), "-writable"));
        assertFalse(writable.out().lines().anyMatch(line -> line.startsWith("/") && !isLink(line)), writable.out());
        assertTrue(Files.exists(home.state()), "or this would have shown nothing");
    }

    private static boolean isLink(String path) {
        return Files.isSymbolicLink(Path.of(path));
    }
}
