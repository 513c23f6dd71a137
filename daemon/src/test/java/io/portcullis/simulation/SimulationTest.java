package io.portcullis.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.reference.Firewall;
import io.portcullis.reference.Settings;
import io.portcullis.vectors.Vector;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Ten million frames of simulated worlds, and the report of a failure. */
@Tag("property")
final class SimulationTest {
    private static final long FRAMES = 10_000_000;

    /** The seed is the day: two runs of one day are the same. A failure names its seed. */
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

    @Test
    void worldsAreFullOfLife() {
        long frames = 0;
        long delivered = 0;
        long mostFlows = 0;
        for (long seed = 1; seed <= 30; seed++) {
            Simulation world = new Simulation(seed, Firewall::engine, null);
            frames += world.run(SimulationRun.FRAMES_OF_A_WORLD);
            delivered += world.delivered();
            mostFlows = Math.max(mostFlows, world.mostFlows());
        }
        assertTrue(delivered > frames / 3, delivered + " of " + frames + " frames reached a host");
        assertTrue(delivered < frames * 9 / 10, delivered + " of " + frames + " frames reached a host");
        assertTrue(mostFlows > 2_000, mostFlows + " flows at the most");
    }

    /** An engine with a defect. */
    private interface Defective extends Firewall {
        Firewall engine();

        @Override
        default void decide(Batch batch, Direction direction, long nowNs) {
            engine().decide(batch, direction, nowNs);
        }

        @Override
        default void install(Policy policy, long nowNs) {
            engine().install(policy, nowNs);
        }

        @Override
        default void adopt(Adopted connection, long nowNs) {
            engine().adopt(connection, nowNs);
        }

        @Override
        default void expire(long nowNs) {
            engine().expire(nowNs);
        }

        @Override
        default Counters counters() {
            return engine().counters();
        }

        @Override
        default List<List<Long>> statistics(long nowNs) {
            return engine().statistics(nowNs);
        }
    }

    /** Passes large segments out of the window. */
    private record PassesLargeSegments(Firewall engine) implements Defective {
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
        public Firewall crash(Policy policy, long nowNs) {
            return new PassesLargeSegments(engine.crash(policy, nowNs));
        }
    }

    /** Loses all flows in a crash. */
    private record Forgets(Firewall engine) implements Defective {
        @Override
        public Firewall crash(Policy policy, long nowNs) {
            return new Forgets(Firewall.engine(policy));
        }
    }

    private static String firstFailure(Firewall.Source source) {
        for (long seed = 1; ; seed++) {
            Optional<String> failure = SimulationRun.world(seed, SimulationRun.FRAMES_OF_A_WORLD, source);
            if (failure.isPresent()) {
                assertTrue(failure.get().startsWith("seed " + seed + ": "), failure.get());
                return failure.get();
            }
        }
    }

    private static List<String> steps(String report) {
        return report.lines().filter(line -> line.startsWith("    {")).toList();
    }

    @Test
    void aFailureIsShrunkenToAFewStepsThatStillFail() {
        String report = firstFailure(policy -> new PassesLargeSegments(Firewall.engine(policy)));
        assertTrue(steps(report).size() <= 6, report);
        assertTrue(steps(report).getLast().endsWith(" -> drop tcp-window\"},"), report);
        assertPastes(report);
    }

    @Test
    void aCrashThatLosesFlowsIsFound() {
        String report = firstFailure(policy -> new Forgets(Firewall.engine(policy)));
        assertTrue(steps(report).size() <= 2, report);
        assertTrue(report.contains("# Here the engine crashes."), report);
        assertPastes(report);
    }

    /** The printed report is a vector that a correct engine passes, so that it can be kept as a test. */
    private static void assertPastes(String report) {
        String vector =
                report.lines().filter(line -> !line.startsWith("seed ")).reduce("", (one, next) -> one + next + "\n");
        List<Vector> vectors =
                Vector.parse(new Yaml().dump(Map.of("base", Settings.VECTOR_BASE)) + "vectors:\n" + vector);
        assertEquals(1, vectors.size());
        assertEquals(Optional.empty(), vectors.getFirst().run());
    }
}
