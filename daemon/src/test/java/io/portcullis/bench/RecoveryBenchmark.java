package io.portcullis.bench;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The cost of the recovery and of the expiry of a million flows; {@code scripts/bench --flows}. */
@State(Scope.Thread)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx2g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"})
@SuppressWarnings("NullAway.Init") // JMH calls fill()
public class RecoveryBenchmark {
    private static final int FLOWS = 1_000_000;
    private static final long SECOND = 1_000_000_000L;

    /** The limit of a worker. */
    private static final int AT_ONCE = 256;

    private static final FlowTimeouts TIMEOUTS = new FlowTimeouts(key -> 600 * SECOND);

    private final TableHeader header = new TableHeader(FLOWS, 1, 2, new UUID(0, 0), "web0", 0, 1, 0);
    private MemorySegment memory;
    private FlowTable table;
    private long nowNs;

    /** A table full of flows, after its process was killed. */
    @Setup(Level.Trial)
    public void fill() {
        memory = Arena.ofAuto().allocate(TableHeader.bytes(FLOWS), 128);
        header.writeTo(memory);
        refill(0);
    }

    private void refill(long now) {
        nowNs = now;
        table = new FlowTable(memory, header, FLOWS, TIMEOUTS, now);
        Tuple tuple = new Tuple();
        tuple.service = Tuple.service(IpProtocol.UDP, 0, 0);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < FLOWS; i++) {
            tuple.outsideLow = i;
            tuple.insideLow = random.nextInt() & 0xffff_ffffL;
            tuple.hash = 0;
            table.insert(tuple, Direction.INGRESS, Timeout.UDP, now + i * 100L, 1, 0, null, null);
        }
    }

    /** Derives index, wheel and order of a million flows from their memory. */
    @Benchmark
    @BenchmarkMode(Mode.SingleShotTime)
    @OutputTimeUnit(TimeUnit.MILLISECONDS)
    @Warmup(iterations = 0)
    @Measurement(iterations = 3)
    public int recover() {
        FlowTable found = new FlowTable(memory, header, FLOWS, TIMEOUTS, nowNs + SECOND);
        return found.recover(nowNs + SECOND).flows();
    }

    /** One call of expire while a million flows are over; the longest call is the time that a frame may wait. */
    @Benchmark
    @BenchmarkMode(Mode.SampleTime)
    @OutputTimeUnit(TimeUnit.MICROSECONDS)
    @Warmup(iterations = 1, time = 1)
    @Measurement(iterations = 3, time = 1)
    public int sweep() {
        return table.expire(nowNs + 700 * SECOND, AT_ONCE);
    }

    /** Adds the flows again before all have expired. */
    @Setup(Level.Iteration)
    public void again() {
        while (table.size() > 0) {
            table.expire(nowNs + 700 * SECOND, FLOWS);
        }
        refill(nowNs + 800 * SECOND);
    }
}
