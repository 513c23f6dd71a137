package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Principle 1: nothing but the rules decides whether traffic passes. Metrics, control socket, disk space, flow tables, log and
 * claims are each missing, full, refused or hostile here: admitted traffic passes, nothing else does, and the obstacle is
 * reported.
 */
@Tag("system")
final class NothingButTheRulesTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "");

    private static final int SMALL_KIB = 1024;

    @RegisterExtension
    final Hammer hammer = new Hammer(LAB, "fw", Lab.SERVER);

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
    }

    /** Checks that the rules are enforced; returns the strangers' datagrams so far. */
    private long assertRulesHold() {
        Lab.await("what is admitted, and nothing else", () -> LAB.answers(80) && !LAB.answersPing());
        hammer.strike();
        return assertRulesHold(hammer.received());
    }

    private long assertRulesHold(long since) {
        assertTrue(LAB.answers(80));
        assertFalse(LAB.answersPing());
        hammer.assertNoneSince(since);
        return since;
    }

    private static void assertSaid(DaemonProcess daemon, String what) {
        assertTrue(daemon.log().contains(what), () -> "'" + what + "' in\n" + daemon.log());
    }

    private static void awaitStatus(DaemonProcess daemon) {
        Lab.await("an answer to status", () -> daemon.cli("status").exit() == 0);
    }

    private static double degraded(DaemonProcess daemon, String cause) {
        return daemon.metric("portcullis_degraded{cause=\"" + cause + "\"}");
    }

    private static void awaitDegraded(DaemonProcess daemon, String cause, double value) {
        Lab.await("degraded: " + cause + " " + value, () -> degraded(daemon, cause) == value);
    }

    @Test
    void serversThatCanNotListenChangeNothing() throws IOException {
        Path taken = LAB.file("taken", "");
        Process other = LAB.start("fw", taken, "nc", "-lk", "127.0.0.1", "9750");
        Lab.await("nc", () -> LAB.firewall("nc", "-z", "127.0.0.1", "9750").exit() == 0);
        Path folder = Files.createDirectory(LAB.folder().resolve("sockets"));
        LAB.firewall("chmod", "1777", folder.toString()).ok();
        Home home = LAB.home(RULES).withSocket(folder.resolve("control.sock"), RULES);
        DaemonProcess daemon = home.start();
        long since = assertRulesHold();
        assertSaid(daemon, "127.0.0.1:9750");
        assertSaid(daemon, folder.toString());
        assertEquals(3, daemon.cli("status").exit());

        LAB.firewall("chmod", "700", folder.toString()).ok();
        awaitStatus(daemon);
        assertTrue(daemon.cli("status").ok().out().contains("127.0.0.1:9750"));
        other.destroy();
        daemon.awaitHealth();
        awaitDegraded(daemon, "metrics", 0);
        awaitDegraded(daemon, "control", 0);

        Files.delete(home.socket());
        awaitStatus(daemon);
        Path away = folder.resolveSibling("sockets.away");
        Files.move(folder, away);
        Files.writeString(folder, "in the way");
        awaitDegraded(daemon, "control", 1);
        assertRulesHold(since);
        Files.delete(folder);
        Files.move(away, folder);
        awaitStatus(daemon);
        awaitDegraded(daemon, "control", 0);
        assertRulesHold(since);
        other.destroy();
    }

    /** As at a boot: the unit runs before the network. */
    @Test
    void anAddressForTheMetricsMayComeLater() {
        for (String address : new String[] {"203.0.113.85", "[2001:db8::85]"}) {
            boolean isV4 = address.indexOf(':') < 0;
            String given = " " + address.replaceAll("[\\[\\]]", "") + (isV4 ? "/24" : "/64") + " dev out0";
            DaemonProcess daemon = LAB.daemon(RULES + "metrics: {listen: \"" + address + ":9750\"}\n");
            long since = assertRulesHold();
            LAB.sh("fw", "ip address add" + given + (isV4 ? "" : " nodad")).ok();
            Lab.await(
                    "metrics",
                    () -> LAB.firewall("curl", "-sfg", "-m", "2", "http://" + address + ":9750/metrics")
                                    .exit()
                            == 0);
            assertRulesHold(since);
            assertTrue(daemon.process().isAlive());
            LAB.sh("fw", "ip address del" + given).ok();
            daemon.close();
        }
    }

    private static void fill(Path directory) {
        LAB.firewall("dd", "if=/dev/zero", "of=" + directory.resolve("full"), "bs=4096");
        LAB.sh("fw", "yes >> " + directory.resolve("full") + " 2> /dev/null");
        assertTrue(LAB.sh("fw", "echo x > " + directory.resolve("one-more")).exit() != 0, "it is full");
    }

    @Test
    void noSpaceForNotesAndTablesChangesNothing() throws IOException {
        Home home = LAB.home(RULES);
        String before = LAB.hostState();
        fill(LAB.tmpfs(home.runtime(), SMALL_KIB));
        DaemonProcess daemon = home.start();
        long since = assertRulesHold();
        assertEquals(1, degraded(daemon, "notes"));
        assertEquals(1, degraded(daemon, "flows"));
        assertSaid(daemon, "ENOSPC");
        assertTrue(daemon.cli("status").ok().out().contains("ENOSPC"));
        assertTrue(daemon.health().isOk(), "frames pass: " + daemon.health());

        // Without a journal of our changes.
        daemon.crash();
        hammer.assertNoneSince(since);
        DaemonProcess next = daemon.again();
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertRulesHold(since);

        // A new NIC is guarded first, and noted later.
        LAB.removeHostNic();
        LAB.makeHostNic();
        since = assertRulesHold();
        Files.delete(home.runtime().resolve("full"));
        awaitDegraded(next, "notes", 0);
        next.crash();
        next = next.again();
        Lab.await("what is admitted", () -> LAB.answers(80));
        assertEquals(0, degraded(next, "flows"));
        assertRulesHold(since);
        next.close();
        assertEquals(before, LAB.hostState());
    }

    @Test
    void tablesInAHostileFolderChangeNothing() throws IOException {
        Path directory = Files.createDirectory(LAB.folder().resolve("hostile"));
        Path table = directory.resolve("flows-web0/0");
        Command.run("chmod", "755", LAB.folder().toString()).ok();
        Command.run("chmod", "1777", directory.toString()).ok();
        LAB.firewall(Lab.asNobody("sh", "-c", "mkdir " + table.getParent() + " && head -c 200000 /dev/zero > " + table))
                .ok();
        Home home = LAB.home(RULES + "conntrack: {directory: " + directory + "}\n");
        DaemonProcess daemon = home.start();
        long since = assertRulesHold();
        assertSaid(daemon, directory.toString());
        assertEquals(1, degraded(daemon, "flows"));
        LAB.firewall(Lab.asNobody("truncate", "-s", "0", table.toString())).ok();
        assertRulesHold(since);
        assertTrue(daemon.health().isOk(), daemon.health().toString());
        daemon.terminate();
        daemon.write(RULES);
        DaemonProcess next = daemon.again();
        assertRulesHold(since);
        assertEquals(0, degraded(next, "flows"));
        Command.run("chmod", "700", LAB.folder().toString()).ok();
    }

    @Test
    void aLogThatIsNotRead() {
        Path pipe = LAB.folder().resolve("unread");
        LAB.firewall("mkfifo", pipe.toString()).ok();
        String all = RULES + "log: {drops: all, level: debug}\n";
        Home home = LAB.home(all);
        // The daemon's own reading end keeps the pipe open.
        DaemonProcess daemon =
                home.launchThrough("sh", "-c", "exec 3<> " + pipe + " && exec \"$@\" > /dev/null 2>&3", "sh");
        daemon.awaitHealth();
        long since = assertRulesHold();
        Lab.await("a full pipe", () -> isFull(pipe));
        assertRulesHold(since);
        LAB.removeHostNic();
        LAB.makeHostNic();
        since = assertRulesHold();
        daemon.write(all.replace("ports: 80", "ports: [80, 81]"));
        assertEquals(0, daemon.cli("reload").exit());
        assertRulesHold(since);
        daemon.terminate();
        hammer.assertNoneSince(since);
    }

    /** Whether a writer would wait. How many bytes are in it then depends on how they were written. */
    private static boolean isFull(Path pipe) {
        return LAB.firewall(
                        "perl",
                        "-e",
                        "open(F, '+<', $ARGV[0]) or die; vec(my $w, fileno(F), 1) = 1; print scalar(select(undef, $w, undef, 0))",
                        pipe.toString())
                .ok()
                .out()
                .equals("0");
    }

    @Test
    void aNameThatIsTakenClosesTheNicUntilItIsFree() throws IOException {
        Home home = LAB.home(RULES);
        int index = Integer.parseInt(
                LAB.firewall("cat", "/sys/class/net/out0/ifindex").ok().out().strip());
        Path claim = home.state().resolve("nic-" + LAB.namespaceNumber() + "-" + index + ".lock");
        Files.createDirectories(claim);
        DaemonProcess daemon = home.start();
        long since = assertRulesHold();
        assertSaid(daemon, claim.getFileName().toString());
        daemon.terminate();
        Files.delete(claim);

        // Another process has it and does not guard: nothing passes, and once it is free the rules decide.
        Process holder = LAB.start("fw", LAB.file("holder", ""), "flock", claim.toString(), "sleep", "600");
        Lab.await(
                "the lock",
                () -> LAB.firewall("flock", "-n", claim.toString(), "true").exit() != 0);
        DaemonProcess next = daemon.again();
        assertSaid(next, "guarded already");
        assertTrue(next.health().isFault("guarded already"), next.health().toString());
        hammer.assertNoneSince(since);
        holder.descendants().forEach(ProcessHandle::destroy);
        holder.destroy();
        next.awaitHealth();
        assertRulesHold(since);
    }
}
