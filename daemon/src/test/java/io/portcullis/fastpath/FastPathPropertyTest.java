package io.portcullis.fastpath;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Programs and a daemon over one memory, in random steps: no packet passes an earlier one of its flow and direction, nothing is
 * forwarded for a flow that has ended or that the policy refuses, no delayed program writes to another flow's line, and every packet
 * is counted once. A fault names its seed; {@code -Dportcullis.fastpath.seed} repeats it, and {@code -Dportcullis.fastpath.seconds} runs
 * for longer.
 */
final class FastPathPropertyTest {
    private static final int STEPS = 60_000;
    private static final int SHORT = 25;

    /** Seeds that have found a fault. */
    private static final long[] FOUND = {20, 55_181_401_198_406L};

    private long steps;
    private long forwarded;
    private long byDead;
    private long late;
    private long forced;
    private long reloads;
    private long kills;
    private long ends;

    private void run(long seed) throws ConfigException {
        FastPathSimulation simulation = new FastPathSimulation(seed);
        try {
            for (int i = 0; i < STEPS; i++) {
                simulation.step();
            }
            simulation.end();
        } catch (AssertionError | RuntimeException fault) {
            throw new AssertionError("-Dportcullis.fastpath.seed=" + seed + ": " + fault.getMessage(), fault);
        }
        steps += STEPS;
        forwarded += simulation.forwarded;
        byDead += simulation.forwardedByDead;
        late += simulation.late;
        forced += simulation.forced;
        reloads += simulation.reloads;
        kills += simulation.kills;
        ends += simulation.ends;
    }

    private String figures() {
        return steps + " steps: forwarded " + forwarded + ", by dead " + byDead + ", late " + late + ", forced "
                + forced + ", reloads " + reloads + ", kills " + kills + ", ends " + ends;
    }

    @Test
    @Tag("property")
    void programsAndDaemonAgree() throws ConfigException {
        String one = System.getProperty("portcullis.fastpath.seed");
        if (one != null) {
            run(Long.parseLong(one));
            return;
        }
        for (long found : FOUND) {
            run(found);
        }
        long seconds = Long.getLong("portcullis.fastpath.seconds", 0);
        long first = seconds == 0 ? 1 : System.nanoTime();
        long untilNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long seed = first; seed < first + SHORT || System.nanoTime() - untilNs < 0; seed++) {
            run(seed);
        }
        System.out.println(figures());
        assertTrue(
                forwarded > steps / 100 && byDead > 0 && late > 0 && forced > 0 && reloads > 0 && kills > 0 && ends > 0,
                this::figures);
    }
}
