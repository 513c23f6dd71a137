package io.portcullis.port.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.SendQueue;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortCounters;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A NIC that refuses frames, at every place of a batch and with every error: each accepted frame arrives once, in
 * order, or is counted once as lost. Each frame has its number as the last four bytes of its payload.
 */
@Tag("property")
class RefusedTrainTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final int SLOT = 2_048;
    private static final int LAST_ERRNO = 133;

    /** The NIC's answer to a message: 0, or an errno. */
    @FunctionalInterface
    private interface Refusal {
        int of(int offer, boolean train);
    }

    /** Accepts messages like sendmmsg(2): stops at a refused one, and returns the error if that was the first. */
    private static final class RefusingNic implements AutoCloseable {
        private final Refusal refusal;
        private final RingRehearsal rehearsal;
        private final List<Integer> arrived = new ArrayList<>();
        private int offers;
        private int trains;
        private int refused;

        RefusingNic(Refusal refusal) throws Exception {
            this.refusal = refusal;
            this.rehearsal = RingRehearsal.open(this::take);
        }

        private int take(SendQueue queue, int from, int count) {
            for (int i = from; i < from + count; i++) {
                assertEquals(1, queue.send(i, 1));
                List<Integer> frames = numbers(rehearsal.sent());
                boolean train = frames.size() > 1;
                trains += train ? 1 : 0;
                int errno = refusal.of(offers++, train);
                if (errno != 0) {
                    refused++;
                    return i == from ? -errno : i - from;
                }
                arrived.addAll(frames);
            }
            return count;
        }

        @Override
        public void close() {
            rehearsal.port().close();
            rehearsal.close();
        }
    }

    /** The numbers of all frames in a message. */
    private static List<Integer> numbers(byte[] message) {
        ByteBuffer header = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer bytes = ByteBuffer.wrap(message);
        int segment = header.getShort(PacketSocket.VNET_GSO_SIZE);
        if (segment == 0) {
            return List.of(bytes.getInt(message.length - Integer.BYTES));
        }
        int headers = PacketSocket.VNET_HEADER + header.getShort(PacketSocket.VNET_HDR_LEN);
        List<Integer> numbers = new ArrayList<>();
        for (int at = headers; at < message.length; at += segment) {
            numbers.add(bytes.getInt(Math.min(at + segment, message.length) - Integer.BYTES));
        }
        return numbers;
    }

    /** Runs of UDP datagrams, some as one super-frame, and TCP segments between them. */
    private static List<byte[]> frames(SplittableRandom random, int count) {
        List<byte[]> frames = new ArrayList<>();
        while (frames.size() < count) {
            boolean tcp = random.nextInt(4) == 0;
            int run = 1 + random.nextInt(6);
            int payload = 4 + random.nextInt(300);
            int port = 1 + random.nextInt(3);
            for (int i = 0; i < run && frames.size() < count; i++) {
                byte[] numbered = ByteBuffer.allocate(payload)
                        .putInt(payload - Integer.BYTES, frames.size())
                        .array();
                frames.add(
                        tcp
                                ? Frame.tcp(A, port, B, 80, TcpFlags.ACK)
                                        .payload(numbered)
                                        .bytes()
                                : Frame.udp(A, port, B, 443)
                                        .datagramId(frames.size())
                                        .payload(numbered)
                                        .bytes());
            }
        }
        return frames;
    }

    private static Batch batch(Arena arena, List<byte[]> frames, long accepted) {
        MemorySegment memory = arena.allocate((long) frames.size() * SLOT);
        Batch batch = new Batch(memory, false);
        for (int i = 0; i < frames.size(); i++) {
            byte[] frame = frames.get(i);
            long at = (long) i * SLOT + PacketSocket.VNET_HEADER;
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, at, frame.length);
            batch.add(at, frame.length);
            batch.verified();
            if ((accepted >>> i & 1) != 0) {
                batch.accept(i, Batch.NO_RULE);
            }
        }
        return batch;
    }

    /** Sends, and compares arrived and counted frames with the accepted ones; returns the number of lost frames. */
    private static long send(RefusingNic nic, Batch batch, String what) {
        PortCounters counters = nic.rehearsal.port().counters();
        long lostBefore = lost(counters);
        long sentBefore = counters.get(PortCounter.SENT_FRAMES);
        nic.arrived.clear();
        nic.rehearsal.port().send(batch);
        int last = -1;
        for (int number : nic.arrived) {
            assertTrue(number > last, () -> what + ": in order, once each: " + nic.arrived);
            assertTrue(batch.isAccepted(number), () -> what + ": not accepted: " + number);
            last = number;
        }
        long lost = lost(counters) - lostBefore;
        assertEquals(nic.arrived.size(), counters.get(PortCounter.SENT_FRAMES) - sentBefore, what);
        assertEquals(
                Long.bitCount(batch.accepted()), nic.arrived.size() + lost, () -> what + " arrived: " + nic.arrived);
        return lost;
    }

    private static long lost(PortCounters counters) {
        long sum = 0;
        for (PortCounter counter : PortCounter.values()) {
            if (counter == PortCounter.TOO_BIG || counter.label().equals("send-error")) {
                sum += counters.get(counter);
            }
        }
        return sum;
    }

    private static IntStream errors() {
        return IntStream.rangeClosed(1, LAST_ERRNO);
    }

    private static boolean isForAll(int errno) {
        return errno == Errno.ENETDOWN || errno == Errno.ENXIO || errno == Errno.ENODEV;
    }

    @ParameterizedTest
    @MethodSource("errors")
    void everyTrainIsRefused(int errno) throws Exception {
        SplittableRandom random = new SplittableRandom(errno);
        try (Arena arena = Arena.ofConfined();
                RefusingNic nic = new RefusingNic((_, train) -> train ? errno : 0)) {
            for (int round = 0; round < 4; round++) {
                Batch batch = batch(arena, frames(random, Batch.CAPACITY), -1L);
                long lost = send(nic, batch, "errno " + errno + ", round " + round);
                assertTrue(nic.trains > 0);
                if (!isForAll(errno) && errno != Errno.EAGAIN) {
                    assertEquals(0, lost, "what is refused together goes one by one");
                }
            }
        }
    }

    /** The first message that is refused is this one; after it none, all, or every other one. */
    @ParameterizedTest
    @MethodSource("errors")
    void anyMessageIsRefusedAndSomeAfterIt(int errno) throws Exception {
        SplittableRandom random = new SplittableRandom(errno);
        List<byte[]> frames = frames(random, 24);
        for (int first = 0; first <= frames.size(); first++) {
            for (int every : new int[] {1_000, 1, 2}) {
                int from = first;
                long accepted = random.nextBoolean() ? -1L : random.nextLong();
                try (Arena arena = Arena.ofConfined();
                        RefusingNic nic = new RefusingNic(
                                (offer, _) -> offer >= from && (offer - from) % every == 0 ? errno : 0)) {
                    Batch batch = batch(arena, frames, accepted);
                    send(nic, batch, "errno " + errno + " from offer " + first + ", every " + every);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void randomRefusalsOfRandomKinds(long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        int[] kinds = {Errno.ENOBUFS, Errno.EAGAIN, Errno.EMSGSIZE, Errno.ENETDOWN, Errno.EINVAL, Errno.EPERM};
        for (int round = 0; round < 300; round++) {
            int odds = 1 + random.nextInt(6);
            try (Arena arena = Arena.ofConfined();
                    RefusingNic nic = new RefusingNic(
                            (_, _) -> random.nextInt(odds) == 0 ? kinds[random.nextInt(kinds.length)] : 0)) {
                for (int again = 0; again < 3; again++) {
                    Batch batch =
                            batch(arena, frames(random, 1 + random.nextInt(Batch.CAPACITY)), random.nextLong() | 1L);
                    send(nic, batch, "seed " + seed + ", round " + round);
                }
            }
        }
    }

    /** The batch with which the fault was found. */
    @Test
    void fourDatagramsRefusedAsATrainAndTwoSegments() throws Exception {
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            byte[] payload = ByteBuffer.allocate(100).putInt(96, i).array();
            frames.add(
                    i < 4
                            ? Frame.udp(A, 1, B, 443)
                                    .datagramId(i)
                                    .payload(payload)
                                    .bytes()
                            : Frame.tcp(A, 1, B, 80, TcpFlags.ACK)
                                    .payload(payload)
                                    .bytes());
        }
        try (Arena arena = Arena.ofConfined();
                RefusingNic nic = new RefusingNic((_, train) -> train ? Errno.ENOBUFS : 0)) {
            assertEquals(0, send(nic, batch(arena, frames, -1L), "U0 U1 U2 U3 T4 T5"));
            assertEquals(List.of(0, 1, 2, 3, 4, 5), nic.arrived);
            assertEquals(1, nic.refused);
        }
    }
}
