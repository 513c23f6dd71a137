package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.Command;
import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Lab;
import io.portcullis.system.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Principle 4: /healthz is 200 only while frames can really pass; and it recovers as soon as the cause is gone. */
@Tag("system")
final class HealthTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String RULES = Lab.webServer("out0", "%s");

    /**
     * The longest time for which a NIC may be open after another process has detached its programs: some checks of 250 ms, on a
     * busy machine.
     */
    private static final int LONGEST_GAP_MS = 1_000;

    private static final Pattern GAP = Pattern.compile("unguarded for at most (\\d+) ms");
    private static final int HAMMER_PER_MS = 2;

    @RegisterExtension
    final Hammer hammer = new Hammer(LAB, "fw", Lab.SERVER);

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80);
    }

    /** Healthy, and frames do pass. */
    private long awaitGuarded(DaemonProcess daemon) {
        Lab.await("what is admitted, and nothing else", () -> LAB.answers(80) && !LAB.answersPing());
        daemon.awaitHealth();
        hammer.strike();
        long since = hammer.received();
        hammer.assertNoneSince(since);
        return since;
    }

    private static String index() {
        return LAB.firewall("cat", "/sys/class/net/out0/ifindex").ok().out().strip();
    }

    @Test
    void aNicThatLeavesAndReturns() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        awaitGuarded(daemon);
        String index = index();
        LAB.firewall("ip", "link", "set", "out0", "netns", LAB.namespace("server"))
                .ok();
        daemon.awaitFault("out0");
        assertEquals(0, daemon.metric("portcullis_interface_forwarding{interface=\"web0\"}"));
        Command.run("ip", "-n", LAB.namespace("server"), "link", "set", "out0", "netns", LAB.namespace("fw"))
                .ok();
        LAB.addressHost();
        awaitGuarded(daemon);
        assertEquals(index, index(), "the case is that of the old index");

        // Made again: another NIC with the same index.
        LAB.removeHostNic();
        daemon.awaitFault("out0");
        LAB.makeHostNic("index " + index);
        awaitGuarded(daemon);

        // The address of a NIC is not the NIC.
        LAB.sh("fw", "ip link set out0 down && ip link set out0 address 02:00:5e:00:53:01 && ip link set out0 up")
                .ok();
        LAB.addressHost();
        LAB.client("ip", "neigh", "flush", "all").ok();
        awaitGuarded(daemon);
    }

    @Test
    void aForeignProgramThatDropsAll() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        awaitGuarded(daemon);
        LAB.java("fw", Programs.class, "stop", "out0").ok();
        daemon.awaitFault("out0 ingress");
        assertFalse(LAB.answers(80));
        LAB.java("fw", Programs.class, "remove", "out0").ok();
        awaitGuarded(daemon);
    }

    @Test
    void ourProgramsDetachedFromTcx() {
        takenAway(
                ", attach: tcx",
                () -> LAB.java("fw", Programs.class, "remove", "out0").ok());
    }

    @Test
    void ourProgramsDetachedFromClsact() {
        takenAway(
                ", attach: clsact",
                () -> LAB.firewall("tc", "qdisc", "del", "dev", "out0", "clsact")
                        .ok());
    }

    private void takenAway(String attach, Runnable take) {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(attach));
        long since = awaitGuarded(daemon);
        take.run();
        Lab.await("the gap in the log", () -> GAP.matcher(daemon.log()).find());
        Matcher gap = GAP.matcher(daemon.log());
        assertTrue(gap.find());
        int told = Integer.parseInt(gap.group(1));
        awaitGuarded(daemon);
        long passed = hammer.received() - since;
        System.out.println(
                getClass().getSimpleName() + attach + ": a gap of " + told + " ms, " + passed + " datagrams");
        assertTrue(told <= LONGEST_GAP_MS, "told: " + told + " ms");
        assertTrue(passed <= (long) told * HAMMER_PER_MS + HAMMER_PER_MS, passed + " datagrams in " + told + " ms");
    }

    @Test
    void aDaemonThatHangs() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        long since = awaitGuarded(daemon);
        daemon.signal("STOP");
        long startNs = System.nanoTime();
        Command status = daemon.cli("status");
        long ms = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
        assertEquals(3, status.exit(), status.out());
        assertTrue(ms < 10_000, "status took " + ms + " ms, of which 5,000 are for an answer");
        assertFalse(daemon.health().isOk());
        hammer.assertNoneSince(since);
        daemon.signal("CONT");
        awaitGuarded(daemon);
    }

    /** systemd gets watchdog messages from a daemon that works, and none from one that hangs. */
    @Test
    void theWatchdogIsFed() {
        Path socket = LAB.folder().resolve("watchdog");
        Path heard = LAB.file("watchdog.heard", "");
        LAB.start("fw", heard, "socat", "-u", "UNIX-RECV:" + socket, "STDOUT");
        Lab.await("the socket", () -> Files.exists(socket));
        DaemonProcess daemon = LAB.home(RULES.formatted("")).start("NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=2000000");
        awaitGuarded(daemon);
        awaitFed(heard);
        daemon.signal("STOP");
        Lab.pause(500);
        int then = Lab.read(heard).length();
        Lab.pause(2_000);
        assertEquals(then, Lab.read(heard).length());
        daemon.signal("CONT");
        awaitFed(heard);
    }

    private static void awaitFed(Path heard) {
        int then = Lab.read(heard).length();
        Lab.awaitText("three meals", heard, text -> text.substring(then).split("WATCHDOG=1", -1).length > 3);
    }

    @Test
    void aNicThatBecomesThePortOfABridge() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        long since = awaitGuarded(daemon);
        LAB.sh("fw", "ip link add br9 type bridge && ip link set br9 up && ip link set out0 master br9")
                .ok();
        daemon.awaitFault("out0 is a port of br9");
        daemon.crash();
        DaemonProcess next = daemon.again();
        assertTrue(next.health().isFault("out0 is a port of br9"), next.health().toString());
        hammer.assertNoneSince(since);
        LAB.firewall("ip", "link", "del", "br9").ok();
        LAB.addressHost();
        awaitGuarded(next);
        hammer.assertNoneSince(since);
    }
}
