package io.portcullis.bench;

import io.portcullis.policy.RuleSample;
import io.portcullis.policy.RuleSet;
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

/** The cost of the rules for a new flow, with few rules and with many; {@code scripts/bench --policy} runs it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@SuppressWarnings("NullAway.Init") // JMH sets the parameters and calls compile()
public class RuleSetBenchmark {
    private static final int QUESTIONS = 1 << 16;

    /** How many rules. */
    @Param({"10", "1000", "100000"})
    public int rules;

    /** Their shape. */
    @Param
    public RuleSample.Shape shape;

    private RuleSample sample;
    private RuleSet set;
    private RuleSample.Questions questions;
    private int next;

    /** Compiles the rules and draws the questions. */
    @Setup
    public void compile() {
        sample = new RuleSample(shape, rules, 1);
        set = sample.compile();
        questions = sample.questions(QUESTIONS);
    }

    /** One verdict about a new flow. */
    @Benchmark
    public int compiled() {
        int i = next++ & QUESTIONS - 1;
        return set.match(
                questions.v6, questions.protocols[i], questions.selectors[i], questions.highs[i], questions.lows[i]);
    }

    /** The same with one rule asked after the other, to compare with. */
    @Benchmark
    public int naive() {
        int i = next++ & QUESTIONS - 1;
        return RuleSample.naive(
                sample.entries,
                questions.v6,
                questions.protocols[i],
                questions.selectors[i],
                questions.highs[i],
                questions.lows[i]);
    }
}
