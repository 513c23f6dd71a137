package io.portcullis.bench;

import io.portcullis.policy.RuleSample;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** The time to compile 100,000 rules, the first compilation of a JVM included; {@code scripts/bench --rules} runs it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 5)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls think()
public class CompileBenchmark {
    /** The shape of the rules. */
    @Param
    public RuleSample.Shape shape;

    private RuleSample sample;

    /** Thinks of rules. */
    @Setup
    public void think() {
        sample = new RuleSample(shape, 100_000, 1);
    }

    /** Compiles them. */
    @Benchmark
    public Object compile() {
        return sample.compile();
    }
}
