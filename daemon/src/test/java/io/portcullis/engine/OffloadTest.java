package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Offloads that a port reports: checksums that the engine does not verify, and super-frames. */
final class OffloadTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String A6 = "2001:db8:9::7";
    private static final String B6 = "2001:db8:1::1";
    private static final String OPEN = "security-groups: {web: {ingress: [{protocol: all, from: any}]}}\n";
    private static final int IPV4 = 34;
    private static final int IPV6 = 54;

    private final Engine engine;

    OffloadTest() throws ConfigException {
        engine = new Engine(EngineBench.policy("", OPEN, 1), Shard.ALL, 1, 2);
    }

    private Reason in(Frame frame, Consumer<Batch> offloads) {
        byte[] bytes = frame.bytes();
        Batch batch = new Batch(MemorySegment.ofArray(bytes), false);
        batch.add(0, bytes.length);
        offloads.accept(batch);
        engine.decide(batch, Direction.INGRESS, 1);
        return Reason.of(batch.reason(0));
    }

    private static Frame wrong(Frame frame) {
        return frame.wrongChecksum(0x101);
    }

    @Test
    void aChecksumThatTheNicVerifiedIsRight() {
        assertEquals(Reason.BAD_CHECKSUM, in(wrong(Frame.udp(A, 1, B, 2)), batch -> {}));
        assertEquals(Reason.NONE, in(wrong(Frame.udp(A, 1, B, 2)), Batch::verified));
        assertEquals(Reason.NONE, in(wrong(Frame.tcp(A6, 1, B6, 2, TcpFlags.SYN)), Batch::verified));
        assertEquals(Reason.BAD_CHECKSUM, in(wrong(Frame.icmp(A, B, 8, 0, 1)), Batch::verified), "NICs know no ICMP");
    }

    @Test
    void aChecksumThatALaterNicCompletesIsRight() {
        assertEquals(Reason.NONE, in(wrong(Frame.udp(A, 1, B, 2)), batch -> batch.partial(IPV4, IPV4 + 6)));
        assertEquals(
                Reason.NONE, in(wrong(Frame.tcp(A6, 1, B6, 2, TcpFlags.SYN)), batch -> batch.partial(IPV6, IPV6 + 16)));
        assertEquals(
                Reason.NONE,
                in(wrong(Frame.tcp(A, 2, B, 2, TcpFlags.SYN)).vlan(5), batch -> batch.partial(IPV4 + 4, IPV4 + 20)));
        assertEquals(
                Reason.NONE,
                in(wrong(Frame.icmp(A6, B6, 128, 0, 1)), batch -> batch.partial(IPV6, IPV6 + 2)),
                "a raw socket's echo request");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 36, over the destination port",
        "34, 36, over the destination port",
        "34, 38, over UDP's length",
        "14, 30, over the destination address",
        "26, 42, in the payload, summed from the header",
        "42, 82, beyond the frame",
        "50, 49, before where it starts",
    })
    void anUnfinishedChecksumFromTheWireIsWrong(int start, int field, String what) {
        Frame frame = Frame.udp(A, 1, B, 2).payload(40);
        assertEquals(Reason.BAD_CHECKSUM, in(frame, batch -> batch.partial(start, field)), what);
    }

    @Test
    void aChecksumInsideATunnelMayBeUnfinished() {
        assertEquals(Reason.NONE, in(Frame.udp(A, 1, B, 4789).payload(80), batch -> batch.partial(92, 108)));
        assertEquals(Reason.NONE, in(Frame.ip(47, A, B).payload(80), batch -> batch.partial(78, 94)));
        assertEquals(
                Reason.BAD_CHECKSUM,
                in(Frame.icmp(A, B, 3, 3, 0).payload(60), batch -> batch.partial(80, 86)),
                "what an ICMP error quotes is read");
        assertEquals(
                Reason.BAD_CHECKSUM,
                in(Frame.udp(A, 1, B, 2).payload(80).fragment(0, true), batch -> batch.partial(60, 66)));
    }

    @Test
    void aSuperFrameCountsAsItsPackets() {
        Frame three = Frame.tcp(A, 1, B, 80, TcpFlags.SYN).payload(1448 + 1448 + 1);
        assertEquals(Reason.NONE, in(three, batch -> {
            batch.partial(IPV4, IPV4 + 16);
            batch.segments(1448);
        }));
        assertEquals(3, engine.counters().packets(Direction.INGRESS, Reason.NONE));
        assertEquals(3 * 54 + 2897, engine.counters().bytes(Direction.INGRESS, Reason.NONE));
        Frame two = Frame.udp(A6, 1, B6, 53).payload(2000);
        assertEquals(Reason.NONE, in(two, batch -> {
            batch.verified();
            batch.segments(1000);
        }));
        assertEquals(3 + 2, engine.counters().packets(Direction.INGRESS, Reason.NONE));
        assertEquals(3 * 54 + 2897 + 2 * 62 + 2000, engine.counters().bytes(Direction.INGRESS, Reason.NONE));
    }

    @Test
    void aSuperFrameThatMakesNoSenseIsOnePacket() {
        Frame malformed = Frame.tcp(A, 1, B, 80, TcpFlags.SYN).payload(2000).ipOptions("83030400");
        assertEquals(Reason.MALFORMED_IP, in(malformed, batch -> batch.segments(100)));
        assertEquals(1, engine.counters().packets(Direction.INGRESS, Reason.MALFORMED_IP));
    }
}
