package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import io.portcullis.system.Tmux;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Watched tables and {@code portcullis top} in a terminal, before a real daemon. */
@Tag("system")
final class ScreenTest {
    @RegisterExtension
    static final Lab LAB = new Lab();

    private static final String RULES = """
            version: 1
            interfaces:
              web0: {%s, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any, description: the site}]}
            """.formatted(Lab.bridge("ring"));

    @AfterEach
    void end() {
        LAB.endDaemons();
    }

    private static String line(DaemonProcess daemon, String command, String more) {
        return Home.PROGRAM + " " + command + " --socket " + daemon.socket() + " " + more;
    }

    /** The settings of the terminal, the cursor and the screen are those of the shell again. */
    private static void assertRestored(Tmux terminal, String before) {
        terminal.await("the prompt", text -> text.stripTrailing().endsWith("ready>"));
        assertEquals(before, settings(terminal));
        assertEquals("0 1", terminal.format("#{alternate_on} #{cursor_flag}"));
        assertFalse(terminal.screen().contains("at java.") || terminal.screen().contains("rror"), terminal.screen());
    }

    private static String settings(Tmux terminal) {
        return Command.run("stty", "-a", "-F", terminal.format("#{pane_tty}"))
                .ok()
                .output()
                .replaceAll("rows \\d+; columns \\d+; ", "");
    }

    @Test
    void aWatchedTableIsDrawnInPlaceOverARestartOfTheDaemon() {
        DaemonProcess daemon = LAB.daemon(RULES);
        try (Tmux terminal = Tmux.start(LAB, 80, 24)) {
            String before = settings(terminal);
            terminal.type(line(daemon, "status", "--watch 300ms"));
            String screen = terminal.await("the table", text -> text.contains("FLOWS") && text.contains("web0"));
            assertTrue(screen.startsWith("Every 300ms: portcullis status --socket "), screen);
            assertTrue(
                    screen.lines().findFirst().orElseThrow().matches(".* 20[0-9-]+ [0-9:]+"),
                    "with the time: " + screen);
            assertEquals("1 0", terminal.format("#{alternate_on} #{cursor_flag}"));
            String pid = "pid " + daemon.process().pid();
            assertTrue(screen.contains(pid), screen);

            daemon.terminate();
            terminal.await("the message", text -> text.contains("no portcullis") && !text.contains("FLOWS"));
            DaemonProcess next = daemon.again();
            terminal.await(
                    "the next daemon's table",
                    text -> text.contains("pid " + next.process().pid()) && text.contains("FLOWS"));

            terminal.resize(50, 8);
            terminal.await(
                    "a smaller table",
                    text -> text.lines().allMatch(row -> row.length() <= 50) && text.contains("not shown"));
            terminal.resize(120, 30);
            terminal.await("the whole table", text -> text.contains("FLOWS") && !text.contains("not shown"));
            terminal.key("q");
            assertRestored(terminal, before);

            terminal.type(line(daemon, "rules", "--watch 1s"));
            terminal.await("the rules", text -> text.contains("the site"));
            terminal.key("C-c");
            assertRestored(terminal, before);
            terminal.type("echo exit $?");
            terminal.await("the exit code", text -> text.contains("exit 130"));
        }
    }

    /** In KiB, the memory that is resident. */
    private static long memory(Tmux terminal) {
        String pid = Command.run("pgrep", "-P", Long.toString(terminal.shell()))
                .ok()
                .output()
                .strip();
        return Lab.read(Path.of("/proc/" + pid + "/status"))
                .lines()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                .sum();
    }

    @Test
    void topShowsRatesTalkersDropsAndFlows() throws Exception {
        LAB.nginx("server", 80);
        DaemonProcess daemon = LAB.daemon(RULES);
        LAB.start(
                "client",
                LAB.file("traffic", ""),
                "sh",
                "-c",
                "while :; do curl -s -m 2 -o /dev/null 'http://" + Lab.SERVER
                        + ":80/big?rate=200k'; curl -s -m 0.1 http://" + Lab.SERVER + ":8443; done");
        try (Tmux terminal = Tmux.start(LAB, 80, 24)) {
            String before = settings(terminal);
            terminal.type(line(daemon, "top", ""));
            String screen = terminal.await(
                    "rates, talkers, drops and flows",
                    text -> text.contains("bit/s")
                            && text.contains("no-rule")
                            && text.contains(":8443")
                            && text.contains(Lab.CLIENT + " ")
                            && text.contains(Lab.SERVER + ":80 "));
            assertTrue(screen.startsWith("portcullis "), screen);
            assertTrue(screen.contains("web0 enforcing"), screen);
            assertEquals("1 0", terminal.format("#{alternate_on} #{cursor_flag}"));
            assertTrue(memory(terminal) < 100 << 10, memory(terminal) + " KiB");

            terminal.key("3");
            terminal.await("the drops", text -> text.contains("[3 Drops]") && text.contains(":8443 "));
            terminal.type("/nowhere");
            terminal.await("no row", text -> text.contains("nothing with nowhere"));
            terminal.key("Escape");
            terminal.await("all rows", text -> text.contains(":8443 "));
            terminal.key("Tab");
            terminal.await("the flows", text -> text.contains("[4 Flows]") && text.contains(Lab.SERVER + ":80"));
            terminal.key("p");
            terminal.await("the pause", text -> text.contains("PAUSED"));
            terminal.key("p");
            terminal.resize(60, 15);
            terminal.await(
                    "a smaller screen",
                    text -> text.contains("[4 Flows]") && text.lines().allMatch(row -> row.length() <= 60));
            terminal.resize(30, 5);
            terminal.await("a screen that is too small", text -> text.contains("too small"));
            terminal.resize(120, 40);
            terminal.await("a large screen", text -> text.lines().count() == 40 && text.contains("[4 Flows]"));

            daemon.terminate();
            terminal.await("the daemon's end", text -> text.contains("no portcullis"));
            daemon = daemon.again();
            terminal.await("the next daemon", text -> text.contains("web0 enforcing"));
            terminal.key("q");
            assertRestored(terminal, before);
            restoredAfterSignals(terminal, daemon, before);
        }
    }

    private static void restoredAfterSignals(Tmux terminal, DaemonProcess daemon, String before) {
        terminal.type("clear; " + line(daemon, "top", "--interval 300ms"));
        terminal.await("the screen", text -> text.contains("[1 Rates]"));
        terminal.key("C-c");
        assertRestored(terminal, before);
        terminal.type("clear; " + line(daemon, "top", ""));
        terminal.await("the screen", text -> text.contains("[1 Rates]"));
        Command.run("pkill", "-TERM", "-P", Long.toString(terminal.shell())).ok();
        terminal.await("the shell", text -> text.contains("ready>"));
        assertEquals(before, settings(terminal));
        assertEquals("0 1", terminal.format("#{alternate_on} #{cursor_flag}"));
        terminal.type("clear; stty rows 20 && TERM=dumb " + line(daemon, "top", "; echo exit $?"));
        terminal.await("a refusal", text -> text.contains("top needs a terminal") && text.contains("exit 2"));
    }

    @Test
    void topSaysWhatIsMissingAtOnce() throws Exception {
        DaemonProcess daemon = LAB.daemon(RULES);
        Command pipe = daemon.cli("top");
        assertEquals(2, pipe.exit(), pipe.out());
        assertTrue(pipe.out().contains("top needs a terminal"), pipe.out());
        assertEquals(2, daemon.cli("top", "--interval", "1ms").exit());
        try (Tmux terminal = Tmux.start(LAB, 80, 24)) {
            daemon.signal("STOP");
            terminal.type("clear; " + line(daemon, "top", "; echo exit $?"));
            terminal.await("the end", text -> text.contains("did not answer") && text.contains("exit 3"));
            daemon.signal("CONT");
            terminal.type("clear; " + line(daemon, "top", "; echo exit $?"));
            terminal.await("the screen", text -> text.contains("[1 Rates]"));
            daemon.signal("STOP");
            terminal.await("the message", text -> text.contains("the daemon behind") && text.contains("[1 Rates]"));
            terminal.key("2");
            terminal.await("another panel, while it hangs", text -> text.contains("[2 Talkers]"));
            terminal.key("q");
            terminal.await("the end", text -> text.contains("exit 0"));
            daemon.signal("CONT");
        }
    }

    @Test
    void withoutATerminalTablesFollowEachOther() throws Exception {
        DaemonProcess daemon = LAB.daemon(RULES);
        Path log = LAB.file("watched", "");
        Path lines = LAB.file("watched-lines", "");
        Process text = LAB.start(
                "fw", log, List.of(), line(daemon, "status", "--watch 200ms").split(" "));
        Process json = LAB.start(
                "fw",
                lines,
                List.of(),
                line(daemon, "drops", "--json --watch=200ms").split(" "));
        Lab.awaitText("three tables", log, all -> all.split("Every 200ms: portcullis status").length > 3);
        Lab.awaitText("three documents", lines, all -> all.lines().count() > 3);
        text.destroy();
        json.destroy();
        assertTrue(text.waitFor(20, TimeUnit.SECONDS) && json.waitFor(20, TimeUnit.SECONDS));
        assertFalse(Lab.read(log).contains("\u001b"), "no control sequences");
        Lab.read(lines).lines().limit(3).forEach(document -> {
            assertTrue(document.startsWith("{\"drops\":") && document.endsWith("}"), document);
        });
    }

    @Test
    void whatCannotBeWatchedIsRefused() {
        DaemonProcess daemon = LAB.daemon(RULES);
        Command both = daemon.cli("drops", "--watch", "1s", "--follow");
        assertEquals(2, both.exit(), both.out());
        assertTrue(both.out().startsWith("--watch and --follow"), both.out());
        Command fast = daemon.cli("status", "--watch", "1ms");
        assertEquals(2, fast.exit(), fast.out());
        assertTrue(fast.out().startsWith("--watch 1ms: the shortest is 100ms"), fast.out());
        Command word = daemon.cli("status", "--watch", "often");
        assertEquals(2, word.exit(), word.out());
        daemon.terminate();
        Command dead = daemon.cli("status", "--watch", "1s");
        assertEquals(3, dead.exit(), dead.out());
        assertEquals(3, daemon.cli("rules", "--json", "--watch", "1s").exit());
    }
}
