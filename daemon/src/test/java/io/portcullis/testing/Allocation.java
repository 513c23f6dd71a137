package io.portcullis.testing;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Proves that code allocates nothing once it is compiled.
 *
 * <p>The compiler decides when that is, and takes its time on a busy machine. So a round is repeated until one allocates nothing
 * at all; code that allocates per frame does so in every round.
 */
public final class Allocation {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Allocation() {}

    /**
     * Repeats a round until it allocates nothing.
     *
     * @param round does its work and returns the bytes that it allocated
     * @throws AssertionError after a minute of rounds that all allocated
     */
    public static void nothingIn(Callable<Long> round) throws Exception {
        long began = System.nanoTime();
        List<Long> bytes = new ArrayList<>();
        do {
            bytes.add(round.call());
            if (bytes.getLast() == 0) {
                return;
            }
        } while (System.nanoTime() - began < PATIENCE.toNanos());
        fail("every round allocated: " + bytes + " bytes");
    }
}
