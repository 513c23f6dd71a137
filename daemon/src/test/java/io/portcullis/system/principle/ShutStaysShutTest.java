package io.portcullis.system.principle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.system.DaemonProcess;
import io.portcullis.system.Hammer;
import io.portcullis.system.Home;
import io.portcullis.system.Lab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Principle 2: a closed NIC stays closed until a daemon takes it over; a NIC that should be guarded and can't be is closed, which
 * is reported, and guarding is retried. Besides the host's NIC there are three wires to the lab's third namespace, two of them
 * for a bridge.
 */
@Tag("system")
final class ShutStaysShutTest {
    @RegisterExtension
    static final Lab LAB = Lab.host();

    private static final String HOST = Lab.webServer("out0", "");

    private static final String HOST_8080 = HOST.replace("ports: 80,", "ports: 8080,");

    /** A bridge of two wires, and a NIC that an absent daemon leaves open. */
    private static final String ALL = HOST.replace("security-groups:\n", """
              pair0: {mode: bridge, outside: x0, inside: y0, security-groups: [web]}
              free0: {mode: host, nic: z0, security-groups: [web], on-failure: open}
            security-groups:
            """);

    private static final String FAULT = "portcullis.yaml:7:";
    private static final String DEGRADED = "portcullis_degraded{cause=\"config\"}";

    private Hammer hammer;
    private long since;

    @BeforeAll
    static void server() {
        LAB.nginx("server", 80, 8080);
    }

    @BeforeEach
    void hammer() {
        for (String nic : List.of("x0", "y0", "z0")) {
            makeWire(nic);
        }
        hammer = new Hammer(LAB, "fw", Lab.SERVER);
        hammer.awaitThrough();
    }

    @AfterEach
    void open() {
        LAB.endDaemons();
        hammer.awaitThrough();
        hammer.stop();
        for (String nic : List.of("x0", "y0", "z0")) {
            LAB.firewall("ip", "link", "del", nic);
        }
        assertFalse(LAB.firewall("ip", "link").out().contains("pch-"));
    }

    /** A NIC here with its far end in the third namespace, which answers this host by an address of its own on that wire. */
    private static void makeWire(String nic) {
        makeBareWire(nic);
        String there = LAB.namespace("server");
        LAB.sh(
                        "fw",
                        "ip address add " + address(nic, 1) + "/29 dev " + nic + " && ip -n " + there + " address add "
                                + address(nic, 2) + "/29 dev far-" + nic)
                .ok();
        assertTrue(pings(nic), nic);
    }

    /** The same without addresses. */
    private static void makeBareWire(String nic) {
        String there = LAB.namespace("server");
        LAB.sh(
                        "fw",
                        "ip link add " + nic + " type veth peer name far-" + nic + " netns " + there
                                + " && ip link set " + nic + " up && ip -n " + there + " link set far-" + nic + " up")
                .ok();
    }

    /** The address of this end of the wire (1) or of the far one (2). */
    private static String address(String nic, int end) {
        int net = switch (nic) {
            case "x0" -> 8;
            case "y0" -> 16;
            default -> 24;
        };
        return "198.51.100." + (net + end);
    }

    private static boolean pings(String nic) {
        return LAB.firewall("ping", "-c", "1", "-W", "1", address(nic, 2)).exit() == 0;
    }

    private static void dropAddresses(String... nics) {
        for (String nic : nics) {
            LAB.firewall("ip", "address", "flush", "dev", nic).ok();
        }
    }

    private void begin() {
        hammer.strike();
        since = hammer.received();
    }

    private void assertShut() {
        assertFalse(LAB.answers(80));
        assertFalse(LAB.answersPing());
        hammer.assertNoneSince(since);
    }

    /** Traffic that the current rules admit passes within seconds, and no stranger has got through meanwhile. */
    private void awaitGuarded(int port) {
        long ms = Lab.await("what is admitted", () -> LAB.answers(port));
        System.out.println(getClass().getSimpleName() + ": admitted traffic passes after " + ms + " ms");
        assertFalse(LAB.answersPing());
        hammer.assertNoneSince(since);
    }

    private static void assertStatus(DaemonProcess daemon, String... words) {
        String status = daemon.cli("status").ok().out();
        for (String word : words) {
            assertTrue(status.contains(word), () -> "'" + word + "' in\n" + status);
        }
    }

    @Test
    void aFaultyFileWithoutALastGoodOneClosesTheNicsThatItNames() {
        dropAddresses("x0");
        DaemonProcess daemon = LAB.home(ALL.replace("tcp", "tpc")).startWaiting();
        Lab.await("shut", () -> !LAB.answersPing());
        begin();
        assertShut();
        assertFalse(pings("y0"), "the bridge's NIC is shut as well");
        assertTrue(pings("z0"), "on-failure: open is not shut");
        assertEquals(1, daemon.metric(DEGRADED));
        DaemonProcess.Health health = daemon.health();
        assertTrue(health.isFault("portcullis.yaml is faulty"), health.toString());
        assertTrue(health.isFault("web0"), health.toString());
        assertTrue(daemon.log().contains(FAULT), daemon.log());
        assertStatus(daemon, "DEGRADED", FAULT, "web0", "SHUT");
        // Still faulty, with another fault.
        daemon.write(ALL.replace("tcp", "tcpp"));
        Lab.await("the new fault", () -> daemon.log().contains("tcpp"));
        assertShut();

        dropAddresses("y0");
        daemon.write(ALL);
        awaitGuarded(80);
        daemon.awaitHealth();
        assertEquals(0, daemon.metric(DEGRADED));
    }

    @Test
    void aFaultyFileRunsFromTheLastGoodOne() {
        DaemonProcess daemon = LAB.daemon(HOST);
        begin();
        awaitGuarded(80);
        daemon.crash();
        assertShut();
        daemon.write(HOST_8080.replace("tcp", "tpc"));
        DaemonProcess next = daemon.again();
        awaitGuarded(80);
        assertEquals(1, next.metric(DEGRADED));
        assertStatus(next, "DEGRADED", "portcullis.yaml:5:");
        assertTrue(next.health().isOk(), "frames pass: " + next.health());
        next.write(HOST_8080);
        awaitGuarded(8080);
        assertFalse(LAB.answers(80));
        assertEquals(0, next.metric(DEGRADED));

        // The last good configuration is kept, and a claim that does not hold is a fault like any other.
        next.terminate();
        assertShut();
        next.write(HOST + """
                expect:
                  - {interface: web0, ingress: {protocol: tcp, ports: 22, from: any}, verdict: allow, why: we come by ssh}
                """);
        DaemonProcess last = next.again();
        awaitGuarded(8080);
        assertEquals(1, last.metric(DEGRADED));
        assertTrue(last.log().contains("we come by ssh"), last.log());
        last.write(HOST);
        awaitGuarded(80);
        assertEquals(0, last.metric(DEGRADED));
    }

    /** Neither the file nor the last good one is usable: NICs in the journals of the previous run stay closed. */
    @Test
    void withoutAnyFileAClosedNicStaysClosed() throws IOException {
        DaemonProcess daemon = LAB.daemon(HOST);
        begin();
        awaitGuarded(80);
        daemon.terminate();
        assertTrue(daemon.log().contains("out0 stays shut"), daemon.log());
        assertShut();
        damageLastGood(daemon.home());
        daemon.home().forgetLog();
        Files.writeString(
                daemon.config(), "version: 1\ncontrol: {socket: " + daemon.socket() + "}\ninterfaces: }{ no YAML\n");
        DaemonProcess next = daemon.home().startWaiting();
        assertShut();
        assertStatus(next, "DEGRADED");
        assertTrue(next.health().isFault("portcullis.yaml"), next.health().toString());
        next.crash();
        assertShut();
        next.home().forgetLog();
        next = next.home().startWaiting();
        next.write(HOST);
        awaitGuarded(80);
        next.awaitHealth();
    }

    private static void damageLastGood(Home home) throws IOException {
        try (Stream<Path> files = Files.walk(home.lasting().resolve("last-good"))) {
            List<Path> kept = files.filter(Files::isRegularFile).toList();
            assertFalse(kept.isEmpty());
            for (Path each : kept) {
                byte[] bytes = Files.readAllBytes(each);
                bytes[bytes.length / 2] ^= 1;
                Files.write(each, bytes);
            }
        }
    }

    @Test
    void oneInterfaceDoesNotAffectAnother() {
        // The bridge lacks one NIC, and its other NIC has an address.
        LAB.firewall("ip", "link", "del", "y0").ok();
        DaemonProcess daemon = LAB.daemon(ALL);
        assertTrue(daemon.log().contains("pair0: "), daemon.log());
        begin();
        awaitGuarded(80);
        assertFalse(pings("x0"), "shut");
        assertTrue(daemon.log().contains(address("x0", 1)), daemon.log());
        DaemonProcess.Health health = daemon.health();
        assertTrue(health.isFault("y0"), health.toString());
        assertStatus(daemon, "pair0", "SHUT", "y0");
        assertTrue(daemon.metric("portcullis_unguarded_interfaces") > 0);
        dropAddresses("x0");
        makeBareWire("y0");
        daemon.awaitHealth();
        assertStatus(daemon, "pair0");
        awaitGuarded(80);

        // A live edit names a NIC that is gone: it is reported, with a row of its own.
        daemon.edit(ALL.replace("free0: {mode: host, nic: z0", "late0: {mode: host, nic: w9"));
        assertTrue(daemon.health().isFault("w9"), daemon.health().toString());
        assertStatus(daemon, "w9");
        assertTrue(daemon.log().contains("w9"), daemon.log());
        awaitGuarded(80);
    }

    /** The NIC is in other use when the daemon starts: that may be new since it was closed. */
    @Test
    void aNicThatIsRefusedIsClosed() {
        LAB.sh(
                        "fw",
                        "ip link add br9 type bridge && ip link set br9 up && ip link set out0 master br9 && ip address add "
                                + Lab.SERVER + "/24 dev br9 && ip address del " + Lab.SERVER + "/24 dev out0")
                .ok();
        hammer.awaitThrough();
        DaemonProcess daemon = LAB.daemon(HOST);
        begin();
        assertShut();
        assertTrue(
                daemon.health().isFault("out0 is a port of br9"),
                daemon.health().toString());
        daemon.crash();
        assertShut();
        DaemonProcess next = daemon.again();
        assertShut();
        LAB.sh("fw", "ip link del br9").ok();
        LAB.addressHost();
        awaitGuarded(80);
        next.awaitHealth();
    }
}
