package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.linux.user.Groups;
import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who may query and who may change something, as a user sees it: with the installed program, against a daemon that guards. */
@Tag("system")
final class WhoMayTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = """
        version: 1
        include: [who.yaml]
        interfaces:
          web0: {mode: host, nic: out0, security-groups: [web]}
        security-groups:
          web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
        """;

    private static final String USER = "12345";

    /** The group of the control socket: this host may have no group portcullis. */
    private static final String SOCKET_GROUP = "23456";

    /** One that every host has: the daemon looks it up by its name. */
    private static final String ADMINS = "daemon";

    private static final String REFUSED = "portcullis: uid 12345 may look, but not change anything: control.admins ";
    private static final String ROOT_ALONE = REFUSED
            + "names no group, or the configuration is faulty, so root alone may: use sudo, or name a group there\n";

    private static Path program = Path.of("");
    private static String admins = "";

    @BeforeAll
    static void install() throws IOException {
        Path tree = Files.createDirectories(LAB.folder().resolve("tree"));
        Command.run(
                        "env",
                        "DESTDIR=" + tree,
                        Lab.root().resolve("scripts/install").toString())
                .ok();
        program = tree.resolve("usr/bin/portcullis");
        admins = Integer.toString(Groups.number(ADMINS).orElseThrow());
        Command.run("chmod", "755", LAB.folder().toString()).ok();
    }

    @AfterEach
    void end() {
        LAB.endDaemons();
    }

    private static Home home(String who) throws IOException {
        Home home = Home.make(LAB, RULES);
        write(home, who);
        home.openToReaders();
        return home;
    }

    private static void write(Home home, String who) throws IOException {
        Files.writeString(home.config().resolveSibling("who.yaml"), who);
    }

    /** The daemon, its socket given to the test's group, as scripts/install makes the real one. */
    private static DaemonProcess start(Home home) {
        DaemonProcess daemon = home.start();
        openToGroup(home);
        return daemon;
    }

    private static void openToGroup(Home home) {
        Command.run("chgrp", SOCKET_GROUP, home.socket().toString()).ok();
    }

    /** Runs the program as that user, with these groups. */
    private static Command as(Home home, String groups, String... words) {
        List<String> all = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + USER,
                "--regid=" + USER,
                groups.isEmpty() ? "--clear-groups" : "--groups=" + groups,
                "--no-new-privs",
                "--bounding-set=-all",
                program.toString()));
        all.addAll(Arrays.asList(words));
        all.addAll(List.of("--socket", home.socket().toString()));
        return Command.run(LAB.inside("fw", home.environment(), all.toArray(String[]::new)));
    }

    private static void assertRefused(String sentence, Command command) {
        assertEquals(sentence, command.out());
        assertEquals(1, command.exit());
    }

    @Test
    void lookingIsForTheSocketsGroupAndChangingForTheAdmins() throws IOException {
        Home home = home("control: {admins: " + ADMINS + "}\n");
        DaemonProcess daemon = start(home);
        long generation = daemon.generation();

        Command outsider = as(home, "", "status");
        assertEquals(3, outsider.exit(), outsider.out());
        assertTrue(outsider.out().startsWith("portcullis: permission denied: "), outsider.out());
        // The mode of the socket keeps out users who are only in the other group.
        assertEquals(3, as(home, admins, "reload").exit());

        assertEquals(0, as(home, SOCKET_GROUP, "status").exit());
        assertRefused(
                REFUSED
                        + "admits the group daemon, and this process is no member of it: use sudo, or join it (usermod"
                        + " -aG daemon USER) and log in again\n",
                as(home, SOCKET_GROUP, "reload"));
        assertRefused(
                REFUSED
                        + "admits the group daemon, and this process is no member of it: use sudo, or join it (usermod"
                        + " -aG daemon USER) and log in again\n",
                as(home, SOCKET_GROUP, "log-level", "error"));
        assertEquals("info\n", as(home, SOCKET_GROUP, "log-level").out());
        assertEquals(generation, daemon.generation());
        assertTrue(daemon.log().contains("POST /v1/reload is refused: uid 12345 may look"), daemon::log);

        assertEquals(0, as(home, SOCKET_GROUP, "flows").exit());
        Command flush = as(home, SOCKET_GROUP, "flows", "flush", "--all");
        assertEquals(1, flush.exit(), flush.out());
        assertTrue(flush.out().startsWith(REFUSED), flush.out());

        Command member = as(home, SOCKET_GROUP + "," + admins, "reload");
        assertEquals(0, member.exit(), member.out());
        assertTrue(member.out().startsWith("reloaded in "), member.out());
        Command root = daemon.cli("reload");
        assertEquals(0, root.exit(), root.out());
        assertEquals(generation + 2, daemon.generation());
    }

    @Test
    void theGroupFollowsTheFileWithoutARestart() throws IOException {
        Home home = home("");
        DaemonProcess daemon = start(home);
        String both = SOCKET_GROUP + "," + admins;
        assertRefused(ROOT_ALONE, as(home, both, "reload"));

        write(home, "control: {admins: " + ADMINS + "}\n");
        Lab.await("the edit", () -> as(home, both, "reload").exit() == 0);

        write(home, "control: {admins: pc-no-such-group}\n");
        String warning =
                "control: control.admins admits the group pc-no-such-group, which this host does not have, so root"
                        + " alone may (groupadd pc-no-such-group makes it)";
        Lab.await("the warning", () -> degraded(daemon).contains(warning));
        assertRefused(
                REFUSED
                        + "admits the group pc-no-such-group, which this host does not have, so root alone may"
                        + " (groupadd pc-no-such-group makes it): use sudo\n",
                as(home, both, "reload"));
        Command status = as(home, SOCKET_GROUP, "status");
        assertTrue(status.out().contains(warning), status.out());
        Lab.await("the gauge", () -> daemon.metric("portcullis_degraded{cause=\"control\"}") == 1);

        write(home, "control: {admins: " + ADMINS + "}\n");
        daemon.cli("reload").ok();
        Lab.await("its end", () -> degraded(daemon).isEmpty());
        assertEquals(0, as(home, both, "reload").exit());
    }

    private static List<String> degraded(DaemonProcess daemon) {
        List<String> lines = new ArrayList<>();
        for (JsonNode line : daemon.status().path("degraded")) {
            lines.add(line.asText());
        }
        return lines;
    }

    /** A faulty file does not say who may, and neither does an old one. */
    @Test
    void whileTheFileIsFaultyAtAStartRootAloneMay() throws IOException {
        Home home = home("control: {admins: " + ADMINS + "}\n");
        DaemonProcess daemon = start(home);
        String both = SOCKET_GROUP + "," + admins;
        assertEquals(0, as(home, both, "reload").exit());
        daemon.terminate();

        write(home, "control: {admins: " + ADMINS + ", typo: 1}\n");
        daemon = daemon.again();
        openToGroup(home);
        assertTrue(degraded(daemon).toString().contains("the last good configuration is in force"));
        assertRefused(ROOT_ALONE, as(home, both, "reload"));
        assertEquals(0, as(home, both, "status").exit());

        write(home, "control: {admins: " + ADMINS + "}\n");
        daemon.cli("reload").ok();
        assertEquals(0, as(home, both, "reload").exit());
        assertFalse(degraded(daemon).toString().contains("last good"));
    }
}
