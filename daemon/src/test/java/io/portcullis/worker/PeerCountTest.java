package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.management.ThreadMXBean;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Allocation;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which frames belong to a watched conversation, of both families. */
final class PeerCountTest {
    private static final String PEER = "198.51.100.7";
    private static final String HOST = "10.0.0.1";
    private static final String PEER6 = "2001:db8:9::7";
    private static final String HOST6 = "2001:db8:1::1";
    private static final String STRANGER = "198.51.100.8";
    private static final String STRANGER6 = "2001:db8:9::8";
    private static final int HOP_BY_HOP = 0;
    private static final int SLOT = 2048;
    private static final PeerTraffic NOTHING = PeerTraffic.NONE;

    private static PeerCount of(String peer, String local) {
        return new PeerCount(new PeerWatch(Address.parse(peer), Address.parse(local), 22));
    }

    private static Batch batch(List<byte[]> frames) {
        MemorySegment memory = MemorySegment.ofArray(new byte[SLOT * Batch.CAPACITY]);
        Batch batch = new Batch(memory, true);
        for (byte[] frame : frames) {
            long at = (long) batch.size() * SLOT;
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, at, frame.length);
            batch.add(at, frame.length);
        }
        return batch;
    }

    /** The count of one dropped frame: 0 or 1. */
    private static long dropped(PeerCount count, byte[] frame, Direction direction) {
        PeerTraffic before = count.traffic();
        Batch batch = batch(List.of(frame));
        batch.drop(0, 1);
        count.count(batch, direction);
        PeerTraffic after = count.traffic().since(before);
        assertEquals(after.dropped(), after.seen());
        assertEquals(0, direction == Direction.INGRESS ? after.egressDropped() : after.ingressDropped());
        return after.dropped();
    }

    private static PeerTraffic passed(PeerCount count, byte[] frame, Direction direction) {
        PeerTraffic before = count.traffic();
        Batch batch = batch(List.of(frame));
        batch.accept(0, 3);
        count.count(batch, direction);
        return count.traffic().since(before);
    }

    private static Frame segment(String from, int fromPort, String to, int toPort) {
        return Frame.tcp(from, fromPort, to, toPort, TcpFlags.ACK).payload(20);
    }

    @Test
    void segmentsOfThePeerAndThePortCountWhateverItsOwnPort() {
        for (boolean v6 : new boolean[] {false, true}) {
            String peer = v6 ? PEER6 : PEER;
            String host = v6 ? HOST6 : HOST;
            PeerCount count = of(peer, host);
            for (int port : new int[] {1, 22, 40_000, 65_535}) {
                byte[] in = segment(peer, port, host, 22).bytes();
                byte[] out = segment(host, 22, peer, port).bytes();
                assertEquals(1, dropped(count, in, Direction.INGRESS));
                assertEquals(1, dropped(count, out, Direction.EGRESS));
                assertEquals(new PeerTraffic(1, 0, 0, 0), passed(count, in, Direction.INGRESS));
                assertEquals(new PeerTraffic(0, 0, 1, 0), passed(count, out, Direction.EGRESS));
            }
            assertEquals(new PeerTraffic(4, 4, 4, 4), count.traffic());
        }
    }

    @Test
    void othersDoNot() {
        PeerCount count = of(PEER, HOST);
        PeerCount count6 = of(PEER6, HOST6);
        List<byte[]> inward = List.of(
                segment(STRANGER, 40_000, HOST, 22).bytes(),
                segment(STRANGER6, 40_000, HOST6, 22).bytes(),
                segment(PEER, 40_000, HOST, 23).bytes(),
                segment(PEER6, 22, HOST6, 23).bytes(),
                segment(HOST, 40_000, PEER, 22).bytes(),
                Frame.udp(PEER, 40_000, HOST, 22).payload(20).bytes(),
                Frame.icmp(PEER, HOST, 8, 0, 22).bytes(),
                segment(PEER, 40_000, HOST, 22).fragment(80, false).bytes(),
                segment(PEER6, 40_000, HOST6, 22).fragment(80, false).bytes(),
                new byte[] {1, 2, 3});
        for (byte[] frame : inward) {
            assertEquals(0, dropped(count, frame, Direction.INGRESS));
            assertEquals(0, dropped(count6, frame, Direction.INGRESS));
        }
        assertEquals(0, dropped(count, segment(PEER, 40_000, HOST, 22).bytes(), Direction.EGRESS));
        assertEquals(0, dropped(count, segment(HOST, 22, STRANGER, 40_000).bytes(), Direction.EGRESS));
        // The same 128 bits in the other family.
        PeerCount low = of("::c633:6407", HOST6);
        assertEquals(0, dropped(low, segment(PEER, 40_000, HOST, 22).bytes(), Direction.INGRESS));
    }

    @Test
    void tagsExtensionHeadersOptionsAndFirstFragmentsDoNotHideIt() {
        PeerCount count = of(PEER, HOST);
        PeerCount count6 = of(PEER6, HOST6);
        byte[] tagged = segment(PEER, 40_000, HOST, 22).vlan(7).vlan(9).bytes();
        assertEquals(1, dropped(count, tagged, Direction.INGRESS));
        byte[] options = segment(PEER, 40_000, HOST, 22).ipOptions("94040000").bytes();
        assertEquals(1, dropped(count, options, Direction.INGRESS));
        byte[] first = segment(PEER, 40_000, HOST, 22).fragment(0, true).bytes();
        assertEquals(1, dropped(count, first, Direction.INGRESS));
        byte[] extended = segment(HOST6, 22, PEER6, 40_000)
                .extension(HOP_BY_HOP, 8)
                .extension(60, 16)
                .vlan(3)
                .bytes();
        assertEquals(1, dropped(count6, extended, Direction.EGRESS));
    }

    @Test
    void everyFrameOfABatchCountsByItsOwnVerdict() {
        PeerCount count = of(PEER, HOST);
        byte[] frame = segment(PEER, 40_000, HOST, 22).bytes();
        byte[] other = segment(STRANGER, 40_000, HOST, 22).bytes();
        Batch batch = batch(List.of(frame, other, frame, frame));
        batch.accept(0, 1);
        batch.accept(1, 1);
        batch.drop(2, 1);
        batch.wouldDrop(3, 1);
        count.count(batch, Direction.INGRESS);
        assertEquals(new PeerTraffic(2, 1, 0, 0), count.traffic());
    }

    private static byte[] arp(int operation, String sender, String target) {
        return Frame.ethernet(
                "ffffffffffff",
                EtherType.ARP,
                new Frame.Octets()
                        .hex("000108000604")
                        .u16(operation)
                        .hex("020000000001")
                        .hex(v4(sender))
                        .hex("000000000000")
                        .hex(v4(target))
                        .toBytes());
    }

    private static String v4(String address) {
        return HexFormat.of().toHexDigits((int) Address.parse(address).low());
    }

    private static byte[] solicitation(String from, String target) {
        Address asked = Address.parse(target);
        HexFormat hex = HexFormat.of();
        return Frame.icmp(from, "ff02::1:ff00:7", 135, 0, 0)
                .hopLimit(255)
                .payload(
                        hex.parseHex(hex.toHexDigits(asked.high()) + hex.toHexDigits(asked.low()) + "0101020000000001"))
                .bytes();
    }

    @Test
    void requestsForAndOfThePeerCountWhereTheyAreDropped() {
        PeerCount count = of(PEER, HOST);
        PeerCount count6 = of(PEER6, HOST6);
        assertEquals(1, dropped(count, arp(1, HOST, PEER), Direction.EGRESS));
        assertEquals(1, dropped(count, arp(1, "10.0.0.9", PEER), Direction.EGRESS), "another address of this host");
        assertEquals(1, dropped(count, arp(1, PEER, HOST), Direction.INGRESS));
        assertEquals(1, dropped(count6, solicitation(HOST6, PEER6), Direction.EGRESS));
        assertEquals(1, dropped(count6, solicitation("fe80::1", PEER6), Direction.EGRESS));
        assertEquals(1, dropped(count6, solicitation(PEER6, HOST6), Direction.INGRESS));
        assertEquals(NOTHING, passed(count, arp(1, HOST, PEER), Direction.EGRESS));
        assertEquals(NOTHING, passed(count, arp(1, PEER, HOST), Direction.INGRESS));
        assertEquals(NOTHING, passed(count6, solicitation(HOST6, PEER6), Direction.EGRESS));
    }

    @Test
    void otherRequestsDoNot() {
        PeerCount count = of(PEER, HOST);
        PeerCount count6 = of(PEER6, HOST6);
        List<byte[]> inward = List.of(
                arp(1, STRANGER, PEER),
                arp(1, PEER, STRANGER),
                arp(1, STRANGER, HOST),
                arp(2, PEER, HOST),
                Frame.ethernet("ffffffffffff", EtherType.ARP, new byte[27]),
                Frame.ethernet("ffffffffffff", EtherType.ARP, new byte[46]),
                solicitation(STRANGER6, PEER6),
                solicitation(PEER6, STRANGER6),
                solicitation(STRANGER6, HOST6),
                Frame.icmp(PEER6, HOST6, 135, 0, 0).hopLimit(255).bytes(),
                Frame.icmp(PEER6, HOST6, 136, 0, 0).payload(16).bytes());
        for (byte[] frame : inward) {
            assertEquals(0, dropped(count, frame, Direction.INGRESS));
            assertEquals(0, dropped(count6, frame, Direction.INGRESS));
        }
        assertEquals(0, dropped(count, arp(1, HOST, STRANGER), Direction.EGRESS));
        assertEquals(0, dropped(count6, solicitation(HOST6, STRANGER6), Direction.EGRESS));
    }

    @Test
    void nothingIsAllocatedPerFrame() throws Exception {
        PeerCount count = of(PEER6, HOST6);
        Batch batch = batch(List.of(
                segment(PEER6, 40_000, HOST6, 22).extension(HOP_BY_HOP, 8).bytes(),
                segment(STRANGER, 40_000, HOST, 22).vlan(3).bytes(),
                segment(PEER6, 40_000, HOST6, 22).fragment(80, false).bytes(),
                arp(1, PEER, HOST),
                solicitation(PEER6, HOST6),
                new byte[9]));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Allocation.nothingIn(() -> {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 20_000; i++) {
                count.count(batch, Direction.INGRESS);
            }
            return threads.getCurrentThreadAllocatedBytes() - before;
        });
    }

    @Test
    void aConversationIsOfOneFamily() {
        Address peer = Address.parse(PEER);
        assertThrows(IllegalArgumentException.class, () -> new PeerWatch(peer, Address.parse(HOST6), 22));
        assertThrows(IllegalArgumentException.class, () -> new PeerWatch(peer, peer, 0));
        assertThrows(IllegalArgumentException.class, () -> new PeerWatch(peer, peer, 65_536));
    }
}
