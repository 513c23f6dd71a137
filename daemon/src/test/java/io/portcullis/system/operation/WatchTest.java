package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The daemon applies every edit of its files, wherever they are, and never half of one. */
@Tag("system")
final class WatchTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String HEAD = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: out0, inside: in0, security-groups: [web], network-acl: edge}
            """;

    private static final String ALLOW = """
            security-groups:
              web: {ingress: [{protocol: tcp, ports: [80, 8080], from: any}]}
            network-acls:
              edge:
                egress:
                  - {rule: 100, action: allow, protocol: all, to: 0.0.0.0/0}
                ingress:
                  - {rule: 200, action: allow, protocol: all, from: 0.0.0.0/0}
            """;

    /** The end of the file: without it everything is admitted. */
    private static final String DENY =
            "      - {rule: 100, action: deny, protocol: tcp, ports: 8080, from: 0.0.0.0/0}\n";

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80, 8080);
    }

    @AfterEach
    void end() {
        LAB.endDaemons();
    }

    private static String whole(Home home) {
        return "control: {socket: " + home.socket() + "}\n" + HEAD + ALLOW + DENY;
    }

    private static void sh(String line, Path... words) {
        String[] all = new String[words.length + 3];
        all[0] = "sh";
        all[1] = "-ec";
        all[2] = line;
        for (int i = 0; i < words.length; i++) {
            all[i + 3] = words[i].toString();
        }
        Command.run(all).ok();
    }

    /** The last lines are written late: the part before them is valid, and admits what they deny. */
    @Test
    void aHalfWrittenFileIsNotApplied() throws IOException {
        Home home = LAB.home(HEAD + ALLOW + DENY);
        Files.writeString(home.config(), whole(home));
        try (DaemonProcess daemon = home.start()) {
            assertTrue(LAB.answers(80));
            assertFalse(LAB.answers(8080));
            try (OutputStream out = Files.newOutputStream(home.config())) {
                out.write(whole(home).replace(DENY, "").getBytes(StandardCharsets.UTF_8));
                Lab.await(
                        "the word of it",
                        () -> daemon.status()
                                .path("degraded")
                                .toString()
                                .contains("edits: " + home.config() + " is being written"));
                Lab.await("the metric", () -> daemon.metric("portcullis_degraded{cause=\"edits\"}") == 1);
                assertEquals(1, daemon.generation());
                assertFalse(LAB.answers(8080));
                assertTrue(daemon.health().isOk());
                out.write((DENY + "log: {drops: off}\n").getBytes(StandardCharsets.UTF_8));
            }
            Lab.await("the edit", () -> daemon.generation() == 2);
            assertFalse(LAB.answers(8080));
            Lab.await("the metric's end", () -> daemon.metric("portcullis_degraded{cause=\"edits\"}") == 0);

            // An explicit reload reads the file as it is.
            try (OutputStream out = Files.newOutputStream(home.config())) {
                out.write(whole(home).replace(DENY, "").getBytes(StandardCharsets.UTF_8));
                daemon.cli("reload").ok();
                assertTrue(LAB.answers(8080));
                out.write(DENY.getBytes(StandardCharsets.UTF_8));
            }
            Lab.await("the rest of it", () -> daemon.generation() == 4);
            assertFalse(LAB.answers(8080));
        }
    }

    /** sites-enabled links to sites-available; the folder of all of them is renamed into place; a writer is always busy there. */
    @Test
    void linksAndFoldersAreFollowed() throws IOException {
        Home home = LAB.home(HEAD + ALLOW);
        Path etc = home.folder().resolve("etc");
        Files.writeString(
                home.config(), "include: [enabled/*.yaml]\ncontrol: {socket: " + home.socket() + "}\n" + HEAD);
        sh("mkdir $0/enabled $0/available && ln -s ../available/web $0/enabled/web.yaml", etc);
        Path web = etc.resolve("available/web");
        Files.writeString(web, ALLOW);
        Process busy = LAB.start(
                "fw",
                LAB.folder().resolve("busy"),
                "sh",
                "-c",
                "while :; do echo x 2>/dev/null >> \"$0/log\" ; sleep 0.1; done",
                etc.toString());
        try (DaemonProcess daemon = home.start()) {
            assertTrue(LAB.answers(8080));
            Files.writeString(web, ALLOW + DENY);
            Lab.await("an edit of a link's target", () -> daemon.generation() == 2);
            assertFalse(LAB.answers(8080));

            sh("cp -r $0 $0.new && sed -i /deny/d $0.new/available/web && mv $0 $0.old && mv $0.new $0", etc);
            Lab.await("a folder that is renamed into place", () -> daemon.generation() == 3);
            assertTrue(LAB.answers(8080));
            Files.writeString(web, ALLOW + DENY);
            Lab.await("an edit in it", () -> daemon.generation() == 4);
            assertFalse(LAB.answers(8080));
        } finally {
            busy.destroy();
        }
    }

    /** The daemon's file is another one that is mounted in its place: nothing tells of it but the file itself. */
    @Test
    void aMountedFileIsFollowed() throws IOException {
        Home home = LAB.home(HEAD + ALLOW);
        Path real = LAB.file("real.yaml", whole(home));
        try (DaemonProcess daemon = home.launchThrough(
                        "unshare",
                        "--mount",
                        "--propagation",
                        "private",
                        "sh",
                        "-ec",
                        "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
                        real.toString(),
                        home.config().toString())
                .awaitStart(" started: ")) {
            assertFalse(LAB.answers(8080));
            Files.writeString(real, whole(home).replace(DENY, ""));
            Lab.await("an edit of the mounted file", () -> daemon.generation() == 2);
            assertTrue(LAB.answers(8080));
        }
    }

    /** A folder that the daemon may not read tells it of nothing. */
    @Test
    void aFolderThatCanNotBeReadIsReported() throws IOException {
        Home home = LAB.home(HEAD + ALLOW);
        Files.writeString(home.config(), whole(home));
        home.openToReaders();
        sh("chown -R 65534:65534 $0/run $0/lib && chmod 755 $0/.. && chmod 711 $0/etc", home.folder());
        try (DaemonProcess daemon = home.launchThrough(
                        "setpriv",
                        "--reuid=65534",
                        "--regid=65534",
                        "--clear-groups",
                        "--inh-caps=-all,+net_raw,+net_admin,+bpf",
                        "--ambient-caps=-all,+net_raw,+net_admin,+bpf")
                .awaitStart(" started: ")) {
            Lab.await(
                    "the word of it",
                    () -> daemon.status()
                            .path("degraded")
                            .toString()
                            .contains("edits may be seen 4 s late: inotify_add_watch("
                                    + home.config().getParent() + "): EACCES"));
            assertFalse(LAB.answers(8080));
            sh("sed /deny/d $0 > $0.new && mv $0.new $0 && chmod 644 $0", home.config());
            Lab.await("the edit all the same", () -> daemon.generation() == 2);
            assertTrue(LAB.answers(8080));
        }
    }
}
