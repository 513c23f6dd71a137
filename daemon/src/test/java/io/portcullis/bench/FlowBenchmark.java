package io.portcullis.bench;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Packet;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.Tuple;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The engine's cost of a packet of an established connection, from the frame to the verdict, and of a new flow; compared with a
 * naive tracker, a {@code HashMap} of records.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx3g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"})
@OperationsPerInvocation(Batch.CAPACITY)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls connect()
public class FlowBenchmark {
    private static final int SLOT = 64;
    private static final int RING = 1 << 21;
    private static final int PAYLOAD = 10;
    private static final int HEADERS = 54;
    private static final int PORTS = 16;
    private static final int FIRST_PORT = 40_000;

    /** Connections from here on come from other ports, and are new. */
    private static final int OTHERS = 1 << 20;

    private static final int OPENINGS = 1 << 20;
    private static final int FIRST_SEQUENCE = 1000;

    private static final long SECOND = 1_000_000_000L;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    // Bytes of a frame: the lower halves of both addresses, the ports.
    private static final int SOURCE_LOW = 28;
    private static final int DESTINATION_LOW = 32;
    private static final int SOURCE_PORT = 34;
    private static final int DESTINATION_PORT = 36;
    private static final int SEQUENCE = 38;

    /** Number of connections; each packet belongs to another one, in pseudo-random order. */
    @Param({"10000", "1000000"})
    public int flows;

    private final SplittableRandom random = new SplittableRandom(1);
    private final int[] order = new int[RING];
    private final Packet[] packets = new Packet[Batch.CAPACITY];
    private final Tuple[] tuples = new Tuple[Batch.CAPACITY];
    private final TcpTracker tracker = new TcpTracker();
    private FlowTable table;
    private Engine engine;
    // As in a port's ring, a frame is written long before it is read.
    private Batch segments;
    private Batch openings;
    private int at;
    private int opened;
    private long nowNs = SECOND;

    private final HashMapTracker naive = new HashMapTracker();

    /** Opens the connections. */
    @Setup(Level.Trial)
    public void connect() throws ConfigException {
        Policy policy = EngineBench.policy("", """
                security-groups: {web: {ingress: [{protocol: tcp, from: any}, {protocol: udp, from: any}]}}
                conntrack: {max-flows: 1200000}
                """, 1);
        table = FlowTable.inMemory(1, 2, policy.maxFlows(), new FlowTimeouts(policy::timeoutNs), nowNs);
        engine = new Engine(policy, Shard.ALL, table);
        Arrays.setAll(packets, _ -> new Packet());
        Arrays.setAll(tuples, _ -> new Tuple());
        Batch batch = batch(Batch.CAPACITY);
        for (int from = 0; from < flows; from += Batch.CAPACITY) {
            for (int step = 0; step < 3; step++) {
                boolean ingress = step != 1;
                for (int i = 0; i < Batch.CAPACITY; i++) {
                    switch (step) {
                        case 0 -> write(batch, i, OPENING, from + i);
                        case 1 -> write(batch, i, ANSWER, from + i);
                        default -> write(batch, i, ACKNOWLEDGMENT, from + i);
                    }
                }
                take(batch, 0, HEADERS);
                engine.decide(batch, ingress ? Direction.INGRESS : Direction.EGRESS, nowNs);
                if (batch.accepted() != -1L) {
                    throw new IllegalStateException("not established: " + Reason.of(batch.reason(0)));
                }
            }
        }
        for (int i = 0; i < order.length; i++) {
            order[i] = i % flows;
        }
        for (int from = 0; from < order.length; from += flows) {
            shuffle(from, Math.min(from + flows, order.length));
        }
        for (int i = 0; i < flows; i++) {
            naive.insert(key(i));
        }
        segments = batch(RING);
        openings = batch(OPENINGS);
        for (int i = 0; i < RING; i++) {
            write(segments, i, DATA, order[i]);
            // Each segment of a connection continues the one before.
            segments.memory().set(INT, (long) i * SLOT + SEQUENCE, FIRST_SEQUENCE + 1 + i / flows * PAYLOAD);
        }
        for (int i = 0; i < OPENINGS; i++) {
            write(openings, i, OPENING, OTHERS + i);
        }
    }

    private void shuffle(int from, int to) {
        for (int i = to - 1; i > from; i--) {
            int other = from + random.nextInt(i - from + 1);
            int moved = order[i];
            order[i] = order[other];
            order[other] = moved;
        }
    }

    private static Batch batch(int frames) {
        return new Batch(Arena.global().allocate((long) SLOT * frames, SLOT), false);
    }

    /** The next frames of a ring, as a port hands them over. */
    private static void take(Batch batch, int from, int length) {
        batch.clear();
        for (int i = 0; i < Batch.CAPACITY; i++) {
            batch.add((long) (from + i) * SLOT, length);
            batch.verified();
        }
    }

    private static HashMapTracker.Key key(int flow) {
        int low = flow / PORTS & 0xffff;
        return new HashMapTracker.Key(
                0, 0xc633_0000L | low, 0, 0x0a00_0000L | ~low & 0xffff, IpProtocol.TCP, port(flow) << 16 | 80);
    }

    private static byte[] template(boolean ingress, int flags, int sequence, int acknowledgment, int payload) {
        Frame frame = ingress
                ? Frame.tcp("198.51.0.0", FIRST_PORT, "10.0.255.255", 80, flags)
                : Frame.tcp("10.0.255.255", 80, "198.51.0.0", FIRST_PORT, flags);
        return frame.numbers(sequence, acknowledgment).payload(payload).bytes();
    }

    private static final byte[] OPENING = template(true, TcpFlags.SYN, FIRST_SEQUENCE, 0, 0);
    private static final byte[] ANSWER = template(false, TcpFlags.SYN | TcpFlags.ACK, 9000, FIRST_SEQUENCE + 1, 0);
    private static final byte[] ACKNOWLEDGMENT = template(true, TcpFlags.ACK, FIRST_SEQUENCE + 1, 9001, 0);
    private static final byte[] DATA = template(true, TcpFlags.ACK, FIRST_SEQUENCE + 1, 9001, PAYLOAD);

    private static void write(Batch batch, int place, byte[] bytes, int flow) {
        boolean ingress = !Arrays.equals(bytes, ANSWER);
        MemorySegment memory = batch.memory();
        long frame = (long) place * SLOT;
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, frame, bytes.length);
        // One address grows by as much as the other shrinks: the IP checksum stays the same.
        int low = flow / PORTS & 0xffff;
        memory.set(SHORT, frame + (ingress ? SOURCE_LOW : DESTINATION_LOW), (short) low);
        memory.set(SHORT, frame + (ingress ? DESTINATION_LOW : SOURCE_LOW), (short) ~low);
        memory.set(SHORT, frame + (ingress ? SOURCE_PORT : DESTINATION_PORT), (short) port(flow));
    }

    private static int port(int flow) {
        return FIRST_PORT + flow % PORTS + flow / OTHERS * PORTS;
    }

    /** Parse, lookup, TCP update, and nothing else. */
    @Benchmark
    public long hit() {
        nowNs += 1000;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            packets[i].parse(segments.memory(), (long) (at + i) * SLOT, HEADERS + PAYLOAD);
            tuples[i].of(packets[i], Direction.INGRESS);
            table.hash(tuples[i]);
        }
        table.prefetch(tuples, -1L);
        long passed = 0;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            Flow flow = table.find(tuples[i], nowNs);
            passed += flow != null && table.follow(flow, tracker, packets[i], true, nowNs) == TcpTracker.Step.RENEW
                    ? 1
                    : 0;
        }
        at = at + Batch.CAPACITY & RING - 1;
        if (passed != Batch.CAPACITY) {
            throw new IllegalStateException(passed + " of " + Batch.CAPACITY + " pass");
        }
        return passed;
    }

    /** The whole engine: a hit and all other checks, with verdict and counters. */
    @Benchmark
    public long established() {
        take(segments, at, HEADERS + PAYLOAD);
        at = at + Batch.CAPACITY & RING - 1;
        nowNs += 1000;
        engine.decide(segments, Direction.INGRESS, nowNs);
        return segments.accepted();
    }

    /** As {@link #established}, but in batches of one frame, so that cache misses do not overlap. */
    @Benchmark
    public long establishedOneByOne() {
        long passed = 0;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            segments.clear();
            segments.add((long) at * SLOT, HEADERS + PAYLOAD);
            segments.verified();
            at = at + 1 & RING - 1;
            nowNs += 10;
            engine.decide(segments, Direction.INGRESS, nowNs);
            passed += segments.accepted();
        }
        return passed;
    }

    /** The same connections in a map: key, lookup and a window, without parsing. */
    @Benchmark
    public long yardstick() {
        long passed = 0;
        nowNs += 1000;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            passed += naive.hit(key(order[at + i]), 1001, 9001, 65_535, nowNs) ? 1 : 0;
        }
        at = at + Batch.CAPACITY & RING - 1;
        return passed;
    }

    /** New flows, each matched against the rules, and their expiry: as many flows expire as are opened. */
    @Benchmark
    public long insertAndExpire() {
        take(openings, opened, HEADERS);
        opened = opened + Batch.CAPACITY & OPENINGS - 1;
        nowNs += SECOND / 10;
        engine.decide(openings, Direction.INGRESS, nowNs);
        return engine.expire(nowNs, Batch.CAPACITY);
    }
}
