package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.packet.Batch;
import io.portcullis.packet.Direction;
import io.portcullis.policy.Policy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Ten million frames of simulated worlds; and what is printed when one of them fails. */
final class SimulationTest {
    private static final long FRAMES = 10_000_000;

    /** Worlds differ with every day, and are the same for two runs of one day; a failure names its seed. */
    private static final long FIRST_SEED = System.currentTimeMillis() / 86_400_000 * 1_000;

    @Test
    void engineAndReferenceAgreeAndNobodyIsCutOff() {
        long seed = FIRST_SEED;
        for (long frames = 0; frames < FRAMES; frames += SimulationRun.FRAMES_OF_A_WORLD) {
            assertEquals(
                    Optional.empty(), SimulationRun.world(seed, SimulationRun.FRAMES_OF_A_WORLD, Firewall::engine));
            seed++;
        }
    }

    /** An engine that passes what only the window tells from the rest, when it is as long as this. */
    private record PassesWindowViolations(Firewall engine) implements Firewall {
        @Override
        public void decide(Batch batch, Direction direction, long nowNs) {
            engine.decide(batch, direction, nowNs);
            for (int i = 0; i < batch.size(); i++) {
                if (batch.reason(i) == Reason.TCP_WINDOW.ordinal() && batch.length(i) > 1_000) {
                    batch.accept(i, Batch.NO_RULE);
                }
            }
        }

        @Override
        public void install(Policy policy) {
            engine.install(policy);
        }

        @Override
        public void expire(long nowNs) {
            engine.expire(nowNs);
        }

        @Override
        public Counters counters() {
            return engine.counters();
        }

        @Override
        public Firewall crash(Policy policy, long nowNs) {
            return new PassesWindowViolations(engine.crash(policy, nowNs));
        }
    }

    @Test
    void aFailureIsShrunkenToAFewStepsThatStillFail() {
        Firewall.Source defective = policy -> new PassesWindowViolations(Firewall.engine(policy));
        Optional<String> failure = Optional.empty();
        long seed = 1;
        for (; failure.isEmpty(); seed++) {
            failure = SimulationRun.world(seed, SimulationRun.FRAMES_OF_A_WORLD, defective);
        }
        String report = failure.get();
        assertTrue(report.startsWith("seed " + (seed - 1) + ": "), report);
        assertTrue(report.contains("drop tcp-window"), report);
        List<String> steps =
                report.lines().filter(line -> line.startsWith("    {")).toList();
        assertTrue(steps.size() <= 6, report);
        assertTrue(steps.getLast().endsWith("-> drop tcp-window\"}]}"), report);
        assertPastes(report);
    }

    /** What was printed is a vector that passes with a right engine, so that it can be kept. */
    private static void assertPastes(String report) {
        String vector =
                report.lines().filter(line -> !line.startsWith("seed ")).reduce("", (one, next) -> one + next + "\n");
        List<Vector> vectors =
                Vector.parse(new Yaml().dump(Map.of("base", Settings.VECTOR_BASE)) + "vectors:\n" + vector);
        assertEquals(1, vectors.size());
        assertEquals(Optional.empty(), vectors.getFirst().run());
    }
}
