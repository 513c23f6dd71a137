package io.portcullis.bench;

import io.portcullis.config.ConfigException;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.TcpFlags;
import io.portcullis.recorder.Recordings;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** The engine's cost of a dropped packet, with and without a recorder: of a scanner's, and of a flood from many sources. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xmx1g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"})
@OperationsPerInvocation(Batch.CAPACITY)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls open()
public class DropBenchmark {
    private static final int SLOT = 128;
    private static final int FRAMES = 1 << 16;

    /** Time between two batches at a million frames a second. */
    private static final long STEP_NS = Batch.CAPACITY * 1_000L;

    @Param({"none", "16"})
    public String recorder;

    @Param({"scanner", "sources"})
    public String traffic;

    private Path folder;
    private final Arena arena = Arena.ofAuto();
    private MemorySegment memory;
    private Engine engine;
    private Batch batch;
    private long nowNs = 1;
    private int next;

    @Setup(Level.Trial)
    public void open() throws ConfigException, IOException {
        folder = Files.createTempDirectory("portcullis-bench");
        memory = arena.allocate((long) SLOT * FRAMES);
        for (int i = 0; i < FRAMES; i++) {
            String source = traffic.equals("scanner") ? "192.0.2.66" : "192.77." + (i >> 8) + "." + (i & 255);
            int port = traffic.equals("scanner") ? i : 4_444;
            byte[] frame =
                    Frame.tcp(source, 40_000, "10.0.0.1", port, TcpFlags.SYN).bytes();
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, (long) i * SLOT, frame.length);
        }
        engine = new Engine(
                EngineBench.policy(
                        "",
                        "security-groups: {web: {ingress: [{protocol: tcp, ports: 443, from: 203.0.113.0/24}]}}\n",
                        1),
                Shard.ALL,
                1,
                2);
        batch = new Batch(memory, false);
        if (recorder.equals("16")) {
            engine.record(Recordings.open(folder, "web0", 1, 16 << 20, 128).recorder(0));
        }
    }

    @TearDown(Level.Trial)
    public void close() throws IOException {
        Recordings.open(folder, "web0", 1, 16 << 20, 128).delete();
        Files.delete(folder);
    }

    /** Frames of 54 bytes, each with its own port or source. */
    @Benchmark
    public Batch drop() {
        batch.clear();
        for (int i = 0; i < Batch.CAPACITY; i++) {
            batch.add((long) (next + i) * SLOT, 54);
        }
        next = (next + Batch.CAPACITY) % FRAMES;
        nowNs += STEP_NS;
        engine.decide(batch, Direction.INGRESS, nowNs);
        return batch;
    }
}
