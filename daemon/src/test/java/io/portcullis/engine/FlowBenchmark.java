package io.portcullis.engine;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.HashMapTracker;
import io.portcullis.conntrack.Timeouts;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Direction;
import io.portcullis.packet.Frame;
import io.portcullis.packet.IpProtocol;
import io.portcullis.packet.TcpFlags;
import io.portcullis.policy.Policy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
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
 * What a packet of an established connection costs the engine, from the frame to the verdict, and what a new flow costs; next
 * to a tracker as one writes it in an afternoon: a {@code HashMap} of records.
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
    private static final int SLOT = 128;
    private static final int PORTS = 16;
    private static final int FIRST_PORT = 40_000;
    private static final long SECOND = 1_000_000_000L;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    // Bytes of a frame: the lower halves of both addresses, the ports.
    private static final int SOURCE_LOW = 28;
    private static final int DESTINATION_LOW = 32;
    private static final int SOURCE_PORT = 34;
    private static final int DESTINATION_PORT = 36;

    /** How many connections there are; each packet belongs to one of them at random. */
    @Param({"10000", "1000000"})
    public int flows;

    private final SplittableRandom random = new SplittableRandom(1);
    private Engine engine;
    private MemorySegment memory;
    private Batch inward;
    private Batch outward;
    private final int[] order = new int[1 << 20];
    private int at;
    private long nowNs = SECOND;
    private int next;

    private final HashMapTracker naive = new HashMapTracker();

    /** Opens the connections. */
    @Setup(Level.Trial)
    public void connect() throws ConfigException {
        Policy policy = EngineBench.policy("", """
                security-groups: {web: {ingress: [{protocol: tcp, from: any}, {protocol: udp, from: any}]}}
                conntrack: {max-flows: 1200000}
                """, 1);
        FlowTable table = FlowTable.inMemory(1, 2, policy.maxFlows(), new Timeouts(policy::timeoutNs), nowNs);
        engine = new Engine(policy, Share.ALL, table);
        memory = Arena.global().allocate((long) SLOT * Batch.CAPACITY, 64);
        inward = new Batch(memory, false);
        outward = new Batch(memory, false);
        for (int from = 0; from < flows; from += Batch.CAPACITY) {
            fill(inward, true, TcpFlags.SYN, 1000, 0, from);
            engine.decide(inward, Direction.INGRESS, nowNs);
            fill(outward, false, TcpFlags.SYN | TcpFlags.ACK, 9000, 1001, from);
            engine.decide(outward, Direction.EGRESS, nowNs);
            fill(inward, true, TcpFlags.ACK, 1001, 9001, from);
            engine.decide(inward, Direction.INGRESS, nowNs);
        }
        if (inward.accepted() != -1L) {
            throw new IllegalStateException("not established: " + Reason.of(inward.reason(0)));
        }
        for (int i = 0; i < order.length; i++) {
            order[i] = random.nextInt(flows);
        }
        for (int i = 0; i < flows; i++) {
            naive.insert(key(i));
        }
    }

    private static HashMapTracker.Key key(int flow) {
        int low = flow / PORTS & 0xffff;
        return new HashMapTracker.Key(
                0,
                0xc633_0000L | low,
                0,
                0x0a00_0000L | ~low & 0xffff,
                IpProtocol.TCP,
                (FIRST_PORT + flow % PORTS) << 16 | 80);
    }

    private void fill(Batch batch, boolean ingress, int flags, int sequence, int ack, int firstFlow) {
        String client = "198.51.0.0";
        String server = "10.0.255.255";
        Frame frame = ingress
                ? Frame.tcp(client, FIRST_PORT, server, 80, flags)
                : Frame.tcp(server, 80, client, FIRST_PORT, flags);
        byte[] bytes = frame.numbers(sequence, ack).bytes();
        batch.clear();
        for (int i = 0; i < Batch.CAPACITY; i++) {
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, (long) i * SLOT, bytes.length);
            name(i, ingress, firstFlow + i);
            batch.add((long) i * SLOT, bytes.length);
            batch.verified();
        }
    }

    /** Makes a frame one of another connection; what one address gains the other loses, so the IP checksum stays. */
    private void name(int i, boolean ingress, int flow) {
        int low = flow / PORTS & 0xffff;
        long frame = (long) i * SLOT;
        memory.set(SHORT, frame + (ingress ? SOURCE_LOW : DESTINATION_LOW), (short) low);
        memory.set(SHORT, frame + (ingress ? DESTINATION_LOW : SOURCE_LOW), (short) ~low);
        memory.set(SHORT, frame + (ingress ? SOURCE_PORT : DESTINATION_PORT), (short) (FIRST_PORT + flow % PORTS));
    }

    /** Parse, lookup, TCP update, verdict. */
    @Benchmark
    public long established() {
        for (int i = 0; i < Batch.CAPACITY; i++) {
            name(i, true, order[at++ & order.length - 1]);
        }
        nowNs += 1000;
        engine.decide(inward, Direction.INGRESS, nowNs);
        return inward.accepted();
    }

    /** As {@link #established}, and the frames come one by one, so that no wait for memory overlaps another. */
    @Benchmark
    public long establishedOneByOne() {
        long passed = 0;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            name(0, true, order[at++ & order.length - 1]);
            single.clear();
            single.add(0, SINGLE);
            single.verified();
            nowNs += 10;
            engine.decide(single, Direction.INGRESS, nowNs);
            passed += single.accepted();
        }
        return passed;
    }

    private static final int SINGLE = 54;
    private Batch single = new Batch(MemorySegment.NULL, false);

    /** Where the frames of {@link #establishedOneByOne} lie. */
    @Setup(Level.Iteration)
    public void single() {
        single = new Batch(memory, false);
        fill(inward, true, TcpFlags.ACK, 1001, 9001, 0);
    }

    /** The same connections in a map: key, lookup and a window, without parsing. */
    @Benchmark
    public long yardstick() {
        long passed = 0;
        nowNs += 1000;
        for (int i = 0; i < Batch.CAPACITY; i++) {
            passed += naive.hit(key(order[at++ & order.length - 1]), 1001, 9001, 65_535, nowNs) ? 1 : 0;
        }
        return passed;
    }

    /** New flows, a rule asked for each, and their end: every flow that is made is forgotten in the same measure. */
    @Benchmark
    public long insertAndExpire() {
        inward.clear();
        for (int i = 0; i < Batch.CAPACITY; i++) {
            name(i, true, flows + next % 1_000_000);
            memory.set(ValueLayout.JAVA_BYTE, (long) i * SLOT + 47, (byte) TcpFlags.SYN);
            inward.add((long) i * SLOT, SINGLE);
            inward.verified();
            next++;
        }
        nowNs += SECOND;
        engine.decide(inward, Direction.INGRESS, nowNs);
        return engine.expire(nowNs, Batch.CAPACITY);
    }
}
