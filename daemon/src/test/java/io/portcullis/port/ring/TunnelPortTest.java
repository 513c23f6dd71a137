package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.linux.netlink.OwnNicChecks;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.packet.Batch;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortState;
import io.portcullis.testing.Frame;
import io.portcullis.testing.FrameSocket;
import io.portcullis.testing.Namespace;
import io.portcullis.testing.OffloadWire;
import io.portcullis.testing.TunnelTrain;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tunnel packets that the kernel has coalesced cross a pair of ports as exactly the packets that were sent. The test is the loop
 * between the ports; no tunnel device exists in the namespace.
 */
@Tag("netns")
@Timeout(60)
class TunnelPortTest {
    private static final long DEADLINE_NS = TimeUnit.SECONDS.toNanos(15);
    private static final byte NEEDS_CSUM = 1;
    private static final int HEADERS = 20 + 4 + 20 + 20;

    private final List<RingPort> ports = new ArrayList<>();
    private final List<AutoCloseable> sockets = new ArrayList<>();
    private Namespace namespace;
    private FrameSocket server;
    private RingPort inside;

    @BeforeEach
    void plug() throws Exception {
        namespace = new Namespace("tunnel");
        namespace.exec("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
        plug("in0", "server");
        server = socket("server");
        inside = port("in0");
    }

    private void plug(String near, String far) {
        namespace.ip("link add " + near + " type veth peer name " + far);
        namespace.ip("link set " + far + " up");
        namespace.ip("link set " + near + " up");
    }

    private FrameSocket socket(String nic) throws Exception {
        FrameSocket socket = namespace.in(() -> new FrameSocket(nic));
        sockets.add(socket);
        return socket;
    }

    private RingPort port(String nic) throws Exception {
        RingPort port = namespace.in(() -> {
            OwnNicChecks own = new OwnNicChecks();
            sockets.add(own);
            RingPort opened = RingPort.open(nic, Steering.SINGLE, PacketSocket.SocketOptions.ALONE, own.checks())
                    .getFirst();
            ports.add(opened);
            opened.start(() -> {});
            return opened;
        });
        long begin = System.nanoTime();
        while (!port.state().equals(PortState.FORWARDING)) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: " + nic + " forwards");
            LockSupport.parkNanos(1_000_000);
        }
        return port;
    }

    @AfterEach
    void unplug() throws Exception {
        ports.forEach(RingPort::close);
        for (AutoCloseable socket : sockets) {
            socket.close();
        }
        namespace.close();
    }

    /** Lets frames cross until so many have arrived at the server. */
    private List<String> arriving(RingPort outside, int count) throws Exception {
        List<String> arrived = new ArrayList<>();
        long begin = System.nanoTime();
        while (arrived.size() < count) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, arrived.size() + " of " + count + " arrive");
            Batch batch = outside.receive();
            if (batch == null) {
                LockSupport.parkNanos(100_000);
            } else {
                for (int i = 0; i < batch.size(); i++) {
                    batch.accept(i, Batch.NO_RULE);
                }
                inside.send(batch);
                outside.release(batch);
            }
            server.drain().forEach(frame -> arrived.add(HexFormat.of().formatHex(frame)));
        }
        return arrived;
    }

    /** The server's socket receives them without the tag, which its kernel removes. */
    private static List<String> untagged(List<byte[]> packets) {
        return packets.stream()
                .map(packet -> packet[12] == (byte) 0x81 || packet[12] == (byte) 0x88
                        ? HexFormat.of().formatHex(packet, 0, 12)
                                + HexFormat.of().formatHex(packet, 16, packet.length)
                        : HexFormat.of().formatHex(packet))
                .toList();
    }

    private static byte[] marker(int number) {
        return Frame.udp("10.0.0.1", number, "10.0.0.2", 9).payload(40).bytes();
    }

    private static byte[] offloaded(TunnelTrain train) {
        return ByteBuffer.allocate(Batch.VNET_HEADER + train.joined().length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(NEEDS_CSUM)
                .put(train.gsoType())
                .putShort((short) 0)
                .putShort((short) train.segmentLength())
                .putShort((short) train.checksumStart())
                .putShort((short) (train.checksumField() - train.checksumStart()))
                .put(train.joined())
                .array();
    }

    private static byte[] plain(byte[] frame) {
        return ByteBuffer.allocate(Batch.VNET_HEADER + frame.length)
                .put(Batch.VNET_HEADER, frame)
                .array();
    }

    private OffloadWire tap() throws Exception {
        OffloadWire tap = namespace.in(() -> {
            try {
                return OffloadWire.tap("tap7");
            } catch (Exception failed) {
                throw failed;
            } catch (Throwable bug) {
                throw new AssertionError(bug);
            }
        });
        sockets.add(tap);
        namespace.ip("link set tap7 up");
        return tap;
    }

    /** From a guest's NIC: the port gets exactly this vnet header. */
    @ParameterizedTest
    @EnumSource(TunnelTrain.Kind.class)
    void aSuperFrameLeavesInItsPackets(TunnelTrain.Kind kind) throws Exception {
        OffloadWire tap = tap();
        RingPort outside = port("tap7");
        SplittableRandom random = new SplittableRandom(kind.ordinal());
        long sent = 0;
        for (int i = 0; i < 6; i++) {
            boolean v6 = i % 2 == 0;
            if (!kind.carries(v6)) {
                continue;
            }
            // The last ones need more than one system call.
            int segment = i < 4 ? 1_200 : 200;
            int payload = List.of(5_000, 30_000, 20_000).get(i / 2);
            List<Integer> tags = i / 2 == 1 ? List.of(7) : List.of();
            TunnelTrain train =
                    new TunnelTrain(new TunnelTrain.Shape(kind, v6, true, tags, segment, payload, 12), random);
            tap.send(plain(marker(1)));
            tap.send(offloaded(train));
            tap.send(plain(marker(2)));
            List<byte[]> expected = new ArrayList<>();
            expected.add(marker(1));
            expected.addAll(train.packets());
            expected.add(marker(2));
            assertEquals(untagged(expected), arriving(outside, expected.size()), train.toString());
            sent += expected.size();
        }
        assertEquals(sent, inside.counters().get(PortCounter.SENT_FRAMES));
    }

    /** Four whole packets and a short one. */
    private static TunnelTrain gre(int segment) {
        return new TunnelTrain(
                new TunnelTrain.Shape(TunnelTrain.Kind.GRE, false, true, List.of(), segment, 4 * segment + 1, 0),
                new SplittableRandom(segment));
    }

    @Test
    void anUnknownOrTooLongSuperFrameIsCountedAndBlocksNothing() throws Exception {
        OffloadWire tap = tap();
        RingPort outside = port("tap7");
        TunnelTrain numbered = gre(1_000);
        numbered.joined()[34] = 0x10;
        TunnelTrain longest = gre(1_500 - HEADERS);
        tap.send(offloaded(gre(1_501 - HEADERS)));
        tap.send(offloaded(numbered));
        tap.send(offloaded(longest));
        tap.send(plain(marker(1)));
        List<byte[]> expected = new ArrayList<>(longest.packets());
        expected.add(marker(1));
        assertEquals(untagged(expected), arriving(outside, expected.size()));
        assertEquals(1, inside.counters().get(PortCounter.TOO_BIG));
        assertEquals(1, inside.counters().get(PortCounter.UNKNOWN_TUNNEL));
    }

    @Test
    void onALinkThatIsDownEachPacketIsCounted() throws Exception {
        OffloadWire tap = tap();
        RingPort outside = port("tap7");
        namespace.ip("link set in0 down");
        tap.send(offloaded(gre(200)));
        long begin = System.nanoTime();
        while (inside.counters().get(PortCounter.SEND_ERROR_ENETDOWN) < 5) {
            assertTrue(System.nanoTime() - begin < DEADLINE_NS, "not within 15 s: they are counted");
            Batch batch = outside.receive();
            if (batch != null) {
                batch.accept(0, Batch.NO_RULE);
                inside.send(batch);
                outside.release(batch);
            }
        }
        assertEquals(5, inside.counters().get(PortCounter.SEND_ERROR_ENETDOWN));
        assertEquals(0, inside.counters().get(PortCounter.SENT_FRAMES));
    }

    /** The kernel's own GRO, which coalesces these without any device. */
    @ParameterizedTest
    @EnumSource(
            value = TunnelTrain.Kind.class,
            names = {
                "IPIP",
                "GRE",
                "GRE_KEY",
                "GRE_CHECKSUM",
                "GRE_CHECKSUM_KEY",
                "GRE_ETHERNET",
                "SIX_IN_FOUR",
                "FOUR_IN_SIX",
                "SIX_IN_SIX",
                "GRE_OVER_SIX",
                "GRE_CHECKSUM_OVER_SIX"
            })
    void packetsThatTheKernelCoalescesLeaveAsTheyWereSent(TunnelTrain.Kind kind, @TempDir Path folder)
            throws Exception {
        plug("out0", "client");
        // The far end of a veth pair segments by itself and delivers frames one by one, as a wire does.
        namespace.exec("ethtool -K client tso off gso off");
        namespace.exec("ethtool -K out0 gro on");
        Path number = Files.writeString(folder.resolve("number"), "20000000");
        namespace.exec("cp " + number + " /sys/class/net/out0/gro_flush_timeout");
        FrameSocket client = socket("client");
        RingPort outside = port("out0");
        boolean v6 = kind.carries(true);
        long sent = 0;
        int tries = 0;
        do {
            TunnelTrain train = new TunnelTrain(
                    new TunnelTrain.Shape(kind, v6, true, tries % 2 == 0 ? List.of() : List.of(7), 1_200, 7_000, 12),
                    new SplittableRandom(tries));
            for (byte[] packet : train.packets()) {
                client.send(packet);
            }
            sent += train.packets().size();
            assertEquals(
                    untagged(train.packets()), arriving(outside, train.packets().size()), train.toString());
            tries++;
        } while (tries < 20 && outside.counters().get(PortCounter.RECEIVED_FRAMES) > sent / 2);
        assertEquals(sent, inside.counters().get(PortCounter.SENT_FRAMES));
        assumeTrue(outside.counters().get(PortCounter.RECEIVED_FRAMES) < sent, "this kernel does not join " + kind);
    }
}
