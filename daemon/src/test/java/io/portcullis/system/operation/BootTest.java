package io.portcullis.system.operation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * From power-on to the daemon, and from a dead daemon to the next one: a stranger sends all the time and gets nothing in, and
 * failsafe rules work at every moment. A reboot is a NIC made again, an empty RUNTIME_DIRECTORY and the same STATE_DIRECTORY.
 */
@Tag("system")
final class BootTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    /** How often {@link #rebootsLetNobodyIn} reboots: PORTCULLIS_REBOOTS. */
    private static final int REBOOTS = Integer.parseInt(System.getenv().getOrDefault("PORTCULLIS_REBOOTS", "5"));

    private static final int FAILSAFE = 2222;
    private static final String RULES = """
            version: 1
            interfaces:
              web0: {mode: host, nic: out0, security-groups: [web]%s}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: 80, from: any}]}
            failsafe:
              ingress: [{protocol: tcp, ports: 2222, from: [203.0.113.0/24, '2001:db8::/64']}]
              egress: []
            """;

    @RegisterExtension
    final Hammer hammer = new Hammer(LAB, "fw", Lab.SERVER);

    @BeforeAll
    static void servers() {
        LAB.nginx("server", 80, FAILSAFE);
    }

    private static boolean answersV6() {
        return LAB.client("curl", "-s", "-m", "2", "http://[" + Lab.SERVER_V6 + "]:" + FAILSAFE)
                        .exit()
                == 0;
    }

    /** The gate before the first daemon and after a dead one admits new connections of failsafe rules and nothing else. */
    private void assertFailsafeOnly(long since) {
        assertTrue(LAB.answers(FAILSAFE), "failsafe");
        assertTrue(answersV6(), "failsafe over IPv6");
        assertFalse(LAB.answersPing(), "ping");
        assertEquals(
                7,
                LAB.client("sh", "-c", "curl -s -m 1 http://" + Lab.SERVER + "; [ $? = 28 ] && exit 7")
                        .exit(),
                "80");
        hammer.assertNoneSince(since);
    }

    private void assertGuarded(DaemonProcess daemon, long since) {
        Lab.await("what a rule admits", () -> LAB.answers(80));
        assertTrue(LAB.answers(FAILSAFE), daemon::log);
        assertFalse(LAB.answersPing(), "ping");
        hammer.assertNoneSince(since);
    }

    private static String filters(String direction) {
        return LAB.firewall("tc", "filter", "show", "dev", "out0", direction)
                .ok()
                .out();
    }

    /** Ends everything without a clean stop, and starts again up to portcullis-boot.service. */
    private static void reboot(Home home) {
        LAB.sh("fw", "for nic in out0 pch-web0; do ip link del $nic 2> /dev/null; done; :")
                .ok();
        try (Stream<Path> files = Files.walk(home.runtime())) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(home.runtime())) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        LAB.sh(
                        "fw",
                        "ip link add out0 type veth peer name eth0 netns " + LAB.namespace("client")
                                + " && tc -force -b " + home.lasting().resolve("boot.tc"))
                .ok();
        LAB.addressHost();
        LAB.sh(
                        "client",
                        "ip link set eth0 up && ip address add " + Lab.CLIENT + "/24 dev eth0 && ip -6 address add "
                                + Lab.CLIENT_V6 + "/64 dev eth0 nodad")
                .ok();
    }

    /** A download through a failsafe rule that takes some seconds. */
    private static Process download(Path to) {
        return LAB.start(
                "client",
                to,
                "curl",
                "-s",
                "-m",
                "30",
                "-o",
                "/dev/null",
                "-w",
                "%{size_download}",
                "http://" + Lab.SERVER + ":" + FAILSAFE + "/big?rate=250k");
    }

    private static void assertWhole(Process download, Path to) {
        Lab.await("the download", () -> !download.isAlive());
        assertEquals("1048576", Lab.read(to));
    }

    @Test
    void rebootsLetNobodyIn() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        hammer.strike();
        long since = hammer.received();
        assertGuarded(daemon, since);
        Path boot = daemon.home().lasting().resolve("boot.tc");
        Lab.await("boot.tc", () -> Files.exists(boot));
        for (int i = 0; i < REBOOTS; i++) {
            daemon.crash();
            reboot(daemon.home());
            Lab.await("failsafe before the daemon", () -> LAB.answers(FAILSAFE));
            if (i % 5 == 0) {
                assertFailsafeOnly(since);
            }
            Path got = LAB.file("download" + i, "");
            Process download = download(got);
            daemon = daemon.again();
            assertFalse(filters("ingress").contains("0x5043"), "the gate is removed");
            assertGuarded(daemon, since);
            assertWhole(download, got);
            assertEquals(since, hammer.received(), "strangers got in at reboot " + i);
        }
        daemon.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ", attach: clsact"})
    void aDeadDaemonMeansFailsafeOnly(String attach) {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(", on-failure: failsafe" + attach));
        hammer.strike();
        long since = hammer.received();
        assertGuarded(daemon, since);
        Path before = LAB.file("before", "");
        Process download = download(before);
        Lab.await("the connection", () -> daemon.metric("portcullis_flows{interface=\"web0\"}") >= 1);
        daemon.crash();
        Lab.await("failsafe of a dead daemon", () -> LAB.answers(FAILSAFE));
        assertFailsafeOnly(since);
        Path between = LAB.file("between", "");
        Process second = download(between);
        Lab.pause(500);
        DaemonProcess next = daemon.again();
        assertGuarded(next, since);
        assertWhole(download, before);
        assertWhole(second, between);
        next.terminate();
        assertTrue(next.log().contains("stays shut but for what failsafe rules admit"), next.log());
        assertFailsafeOnly(since);
        next = next.again();
        assertGuarded(next, since);
        next.edit(RULES.formatted(", on-failure: failsafe" + attach).replace("ports: 2222", "ports: 2223"));
        next.crash();
        Lab.await("other failsafe rules", () -> !LAB.answers(FAILSAFE));
        hammer.assertNoneSince(since);
        next.detach().ok();
        assertEquals("", filters("ingress") + filters("egress"));
        assertEquals(
                "", LAB.sh("fw", "tc qdisc show dev out0 | grep clsact || :").out());
        hammer.awaitThrough();
    }

    /** Another {@code on-failure} after a restart: a stranger gets in at no moment between the two. */
    @Test
    void onFailureChangesBothWays() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        hammer.strike();
        long since = hammer.received();
        assertGuarded(daemon, since);
        for (String next : List.of(", on-failure: failsafe", "", ", on-failure: failsafe, attach: clsact", "")) {
            daemon.write(RULES.formatted(next));
            daemon.terminate();
            hammer.assertNoneSince(since);
            daemon = daemon.again();
            assertGuarded(daemon, since);
            assertEquals(
                    next.contains("failsafe"), filters("egress").contains("pref 2"), () -> filters("egress") + next);
        }
        daemon.close();
    }

    /** As the unit runs it: an unprivileged user with this one capability. */
    @Test
    void oneCapabilityIsEnough() throws IOException {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        hammer.strike();
        long since = hammer.received();
        assertGuarded(daemon, since);
        Path copy = LAB.file("boot.tc", Lab.read(daemon.home().lasting().resolve("boot.tc")));
        LAB.sh("fw", "chmod 755 " + LAB.folder() + "; chmod 644 " + copy).ok();
        daemon.crash();
        daemon.detach().ok();
        hammer.awaitThrough();
        LAB.sh(
                        "fw",
                        "setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --inh-caps -all,+net_admin"
                                + " --ambient-caps -all,+net_admin --bounding-set -all,+net_admin tc -force -batch "
                                + copy)
                .ok();
        hammer.strike();
        assertFailsafeOnly(hammer.received());
        // The daemon also finds the gate on a running host, and takes over.
        daemon = daemon.again();
        assertGuarded(daemon, hammer.received());
        // A gate that is loaded under a running daemon is in its way; the daemon removes it.
        LAB.sh("fw", "tc -force -batch " + copy).ok();
        Lab.await("what a rule admits", () -> LAB.answers(80));
        daemon.close();
    }

    /** From the boot to the start as well, and where the configuration itself would leave the NIC open. */
    @ParameterizedTest
    @ValueSource(strings = {"", ", on-failure: open"})
    void theGateObeysPanic(String attributes) {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(attributes));
        hammer.strike();
        assertGuarded(daemon, hammer.received());
        daemon.cli("panic", "on").ok();
        long since = hammer.received();
        daemon.crash();
        reboot(daemon.home());
        assertFalse(LAB.answers(FAILSAFE) || LAB.answers(80) || LAB.answersPing());
        daemon = daemon.again();
        assertFalse(LAB.answers(FAILSAFE) || LAB.answers(80) || LAB.answersPing());
        hammer.assertNoneSince(since);
        daemon.cli("panic", "on", "--keep-failsafe").ok();
        daemon.crash();
        reboot(daemon.home());
        Lab.await("failsafe before the daemon", () -> LAB.answers(FAILSAFE));
        assertFailsafeOnly(since);
        daemon = daemon.again();
        Lab.await("failsafe under panic", () -> LAB.answers(FAILSAFE));
        assertFailsafeOnly(since);
        daemon.cli("panic", "off").ok();
        assertGuarded(daemon, since);
        daemon.close();
    }

    /** Without a readable configuration, and without a last good one, the gate stays. */
    @Test
    void aStartThatFailsLeavesTheGate() throws IOException {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        hammer.strike();
        long since = hammer.received();
        assertGuarded(daemon, since);
        daemon.crash();
        reboot(daemon.home());
        Lab.await("failsafe before the daemon", () -> LAB.answers(FAILSAFE));
        LAB.sh("fw", "rm -rf " + daemon.home().lasting().resolve("last-good")).ok();
        daemon.write(RULES.formatted("").replace("protocol: tcp, ports: 80", "protocol: tpc"));
        daemon.home().forgetLog();
        DaemonProcess waiting = daemon.home().startWaiting();
        assertFailsafeOnly(since);
        waiting.write(RULES.formatted(""));
        Lab.await("the valid rules", () -> LAB.answers(80));
        assertGuarded(waiting, since);
        waiting.close();
    }

    /** A NIC that the last boot gated and that no interface uses any more is given back; detach does so too. */
    @Test
    void theGateIsRemovedWithItsInterface() {
        DaemonProcess daemon = LAB.daemon(RULES.formatted(""));
        hammer.strike();
        long since = hammer.received();
        assertGuarded(daemon, since);
        daemon.crash();
        reboot(daemon.home());
        Lab.await("failsafe before the daemon", () -> LAB.answers(FAILSAFE));
        daemon.detach().ok();
        assertEquals("", filters("ingress"));
        hammer.awaitThrough();
        reboot(daemon.home());
        assertTrue(filters("ingress").contains("0x5043"), filters("ingress"));
        DaemonProcess other = LAB.home(RULES.formatted("").replace("nic: out0", "nic: none0"))
                .start(
                        "STATE_DIRECTORY=" + daemon.home().lasting(),
                        "RUNTIME_DIRECTORY=" + daemon.home().runtime());
        hammer.awaitThrough();
        assertEquals(List.of("none0"), gated(daemon.home()));
        other.close();
    }

    private static List<String> gated(Home home) {
        return Lab.read(home.lasting().resolve("boot.tc"))
                .lines()
                .filter(line -> line.startsWith("qdisc "))
                .map(line -> line.split(" ", -1)[3])
                .toList();
    }
}
