package io.portcullis.intercept;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.netlink.NicAddress;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.testing.FrameSocket;
import io.portcullis.testing.Namespace;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The firewall's own IP stack, probed from outside: by a router advertisement, and by ARP and UDP for the address of a third NIC.
 * Without the bridge each of them gets through, which shows that the test would see it; with it, none does.
 */
@Tag("netns")
@Timeout(120)
class StackOffTheWireTest {
    private static final String FIREWALL_MAC = "02:00:00:00:00:01";
    private static final String OUTSIDER_MAC = "02:00:00:00:00:02";
    private static final String OUTSIDER = "203.0.113.9";
    private static final String ROUTER = "fe80::2";
    private static final String THIRD_NICS = "198.51.100.1";
    private static final int PORT = 5555;
    /**
     * An absence can't be awaited. The stack answers in the softirq that receives the frame, so this time is ample; if it were
     * too short, an answer would be missed, never invented.
     */
    private static final int GRACE_MS = 1_000;

    private Namespace firewall;
    private Namespace outsider;

    @TempDir
    Path directory;

    @BeforeEach
    void make() {
        firewall = new Namespace("firewall");
        outsider = new Namespace("outsider");
        firewall.ip("link add out0 address " + FIREWALL_MAC + " type veth peer name wire0 address " + OUTSIDER_MAC
                + " netns " + outsider.name());
        firewall.ip("link add in0 type veth peer name machine0 netns " + outsider.name());
        firewall.ip("link add mgmt0 type veth peer name mgmt1");
        firewall.ip("addr add " + THIRD_NICS + "/24 dev mgmt0");
        outsider.exec("sysctl -qw net.ipv6.conf.wire0.disable_ipv6=1");
        outsider.ip("link set wire0 up");
        outsider.ip("link set machine0 up");
        for (String nic : List.of("lo", "out0", "in0", "mgmt0", "mgmt1")) {
            firewall.ip("link set " + nic + " up");
        }
    }

    @AfterEach
    void remove() {
        try {
            firewall.close();
        } finally {
            outsider.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void nothingFromOutsideReachesIt(int rpFilterOfAll) throws Exception {
        try (DatagramSocket local = firewall.in(() -> new DatagramSocket(PORT));
                FrameSocket wire = outsider.in(() -> new FrameSocket("wire0"))) {
            local.setSoTimeout(GRACE_MS);
            becomesTrue(() -> !firewall.in(this::addresses).isEmpty());

            tryAll(wire);
            becomesTrue(() -> firewall.in(this::addresses).stream()
                    .anyMatch(address -> address.toString().startsWith("2001:db8:")));
            assertTrue(firewall.ip("-6 route show default").contains("via " + ROUTER));
            assertEquals("probe", received(local));
            List<String> answers = answers(wire);
            assertEquals(2, answers.stream().filter("0806"::equals).count(), answers::toString);
            assertTrue(answers.contains("86dd"), answers::toString);

            assertTrue(firewall.in(() -> NicCheck.bridgeFaults("edge", "out0", "in0"))
                    .getFirst()
                    .contains("accept_ra=0"));
            firewall.ip("addr flush dev out0 scope global");
            firewall.exec("sysctl -qw net.ipv4.conf.all.rp_filter=" + rpFilterOfAll);
            Bridge bridge = firewall.in(() -> AttachRequests.bridge("edge", "out0", "in0", false, directory));
            assertEquals(List.of(), firewall.in(this::addresses));
            assertEquals("", firewall.ip("-6 route show default"));
            // Waits for a fixed time: all frames of the changes above have to be over.
            Thread.sleep(GRACE_MS);
            wire.drain();
            firewall.ip("neigh flush dev out0");
            long refused = refusedByReversePath();

            tryAll(wire);
            becomesTrue(() -> refusedByReversePath() > refused);
            assertEquals("nothing", received(local));
            assertEquals(List.of(), answers(wire));
            assertEquals(List.of(), firewall.in(this::addresses));
            assertEquals("", firewall.ip("-6 route show default"));
            assertEquals("", firewall.ip("neigh show dev out0"));

            assertEquals(List.of(), firewall.in(bridge::detach).faults());
            becomesTrue(() -> firewall.in(this::addresses).stream().anyMatch(NicAddress::isIpv6LinkLocal));
        }
    }

    /** The UDP datagram is the last: when it has been dropped, so have all before it. */
    private static void tryAll(FrameSocket wire) throws Exception {
        wire.send(Frames.routerAdvertisement(OUTSIDER_MAC, ROUTER, "2001:db8:0:1::"));
        wire.send(Frames.echoRequestToAllNodes(OUTSIDER_MAC, ROUTER));
        wire.send(Frames.arpRequest(OUTSIDER_MAC, OUTSIDER, THIRD_NICS));
        wire.send(Frames.arpRequest(OUTSIDER_MAC, Frames.NOBODY, THIRD_NICS));
        wire.send(Frames.udp(FIREWALL_MAC, OUTSIDER_MAC, OUTSIDER, THIRD_NICS, PORT, "probe"));
    }

    private List<NicAddress> addresses() throws Exception {
        return Nics.addresses(Nics.named("out0"));
    }

    private static String received(DatagramSocket local) throws Exception {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        try {
            local.receive(packet);
        } catch (SocketTimeoutException nothing) {
            return "nothing";
        }
        assertEquals(
                OUTSIDER,
                ((InetSocketAddress) packet.getSocketAddress()).getAddress().getHostAddress());
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
    }

    /** Ethernet types of the frames that the firewall has sent. */
    private static List<String> answers(FrameSocket wire) throws Exception {
        // Nothing may arrive, so there is no condition to wait for.
        Thread.sleep(GRACE_MS);
        List<String> types = new ArrayList<>();
        for (byte[] frame : wire.drain()) {
            if (Frames.isFrom(frame, FIREWALL_MAC)) {
                types.add(String.format("%02x%02x", frame[12], frame[13]));
            }
        }
        return types;
    }

    /** TcpExt IPReversePathFilter: packets that rp_filter has dropped. */
    private long refusedByReversePath() throws Exception {
        List<String> lines = firewall.in(() -> Files.readAllLines(Path.of("/proc/thread-self/net/netstat")));
        List<String> names = List.of(lines.get(0).split(" ", -1));
        List<String> values = List.of(lines.get(1).split(" ", -1));
        return Long.parseLong(values.get(names.indexOf("IPReversePathFilter")));
    }

    private static void becomesTrue(Callable<Boolean> condition) throws Exception {
        for (int i = 0; !condition.call(); i++) {
            assertTrue(i < 200, "not within 10 s");
            // The kernel reports no event for it.
            Thread.sleep(50);
        }
    }
}
