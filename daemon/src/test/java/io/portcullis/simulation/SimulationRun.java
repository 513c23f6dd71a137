package io.portcullis.simulation;

import io.portcullis.reference.Firewall;
import io.portcullis.reference.Script;
import io.portcullis.reference.Step;
import io.portcullis.reference.Trial;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Simulates worlds with consecutive seeds, for {@code scripts/simulate}. */
final class SimulationRun {
    /** Frames of one world: few enough to record and shrink it when it fails. */
    static final long FRAMES_OF_A_WORLD = 40_000;

    private static final long FRAMES_BETWEEN_NEWS = 50_000_000;

    private SimulationRun() {}

    /**
     * Simulates one world. If it fails, it is played again and recorded.
     *
     * @return the failure, with its seed and a script that shows it, if there is one
     */
    static Optional<String> world(long seed, long frames, Firewall.Source source) {
        try {
            new Simulation(seed, source, null).run(frames);
            return Optional.empty();
        } catch (Trial.Mismatch | Simulation.Cut failure) {
            List<Step> steps = new ArrayList<>();
            return Optional.of("seed " + seed + ": " + failure.getMessage() + "\n"
                    + script(new Simulation(seed, source, steps), frames, steps, "seed " + seed, source));
        }
    }

    private static String script(Simulation again, long frames, List<Step> steps, String what, Firewall.Source source) {
        try {
            again.run(frames);
        } catch (Trial.Mismatch mismatch) {
            return Script.report(steps, what, source);
        } catch (Simulation.Cut cut) {
            return Script.vector(Script.about(cut.dropped(), steps), what, source);
        }
        return "It does not fail again: something in it is not of the seed.";
    }

    /** {@code FRAMES SEED}: prints what was simulated; exits 1 at the first failure. */
    public static void main(String[] arguments) {
        PrintStream out = System.out;
        long wanted = Long.parseLong(arguments[0]);
        long seed = Long.parseLong(arguments[1]);
        long begunNs = System.nanoTime();
        long done = 0;
        for (long news = FRAMES_BETWEEN_NEWS; done < wanted; done += FRAMES_OF_A_WORLD) {
            Optional<String> failure = world(seed, Math.min(FRAMES_OF_A_WORLD, wanted - done), Firewall::engine);
            if (failure.isPresent()) {
                out.println(failure.get());
                System.exit(1);
            }
            seed++;
            if (done >= news) {
                out.println(done + " frames");
                news += FRAMES_BETWEEN_NEWS;
            }
        }
        double seconds = (System.nanoTime() - begunNs) / 1e9;
        out.printf("%d frames without a difference in %.0f s; the next seed is %d%n", wanted, seconds, seed);
    }
}
