package io.portcullis.guard;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Scheduling;
import io.portcullis.worker.Worker;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each worker's thread a core of its own, in turn, beginning with the second: what else the machine does tends to be
 * on the first. A loop that the scheduler moves about finds cold caches: pinned, one TCP stream was 1.2 times as fast on two
 * cores, and UDP without loss 1.1 times. To make it more urgent than others was tried too (nice -10): it gained nothing once
 * the warm-up had left the compiler little to do, and p99 beside 20,000 packets a second was half as long again.
 */
public final class Cores {
    private static final Logger LOG = LoggerFactory.getLogger(Cores.class);

    private final List<Integer> cores;
    private int given;

    /** {@code cores}: where this process may run. */
    Cores(List<Integer> cores) {
        this.cores = List.copyOf(cores);
    }

    /** Those of this process. */
    public static Cores ofThisProcess() {
        BitSet cores = new BitSet();
        try {
            cores = Scheduling.cores();
        } catch (ErrnoException refused) {
            LOG.debug("workers are not pinned", refused);
        }
        return new Cores(cores.stream().boxed().toList());
    }

    /** How many there are, 1 at the least. */
    int count() {
        return Math.max(1, cores.size());
    }

    /** The core of the next worker, or -1: any. */
    synchronized int next() {
        if (cores.size() < 2) {
            return -1;
        }
        given++;
        return cores.get(given % cores.size());
    }

    /**
     * From now on the JVM's compilers run only where nobody else wants the core: what they compile after the warm-up can
     * wait, frames can't. (p99 beside 20,000 packets a second, on the one core of both: 270 us instead of 280 to 2,900.)
     */
    public static void putCompilersLast() {
        try {
            int compilers = Scheduling.giveWay("C1 ") + Scheduling.giveWay("C2 ");
            LOG.debug("{} compiler threads give way to others", compilers);
        } catch (IOException refused) {
            LOG.debug("the compilers run as any other thread", refused);
        }
    }

    /**
     * Runs long work on a thread of its own that gives way to those that forward frames, and returns its result. Short work is
     * not for it: on a busy machine it would wait for long.
     */
    public static <T> T behindOthers(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, Cores::startBehindOthers).join();
    }

    private static void startBehindOthers(Runnable work) {
        Thread.ofPlatform().daemon().name("portcullis-large-reload").start(() -> {
            try {
                Scheduling.giveWay();
            } catch (ErrnoException refused) {
                LOG.debug("a large reload runs as any other thread", refused);
            }
            work.run();
        });
    }

    /** How the next worker's thread lives. */
    Worker.ThreadOptions threadOptions(boolean busyPoll) {
        int core = next();
        return new Worker.ThreadOptions(busyPoll, () -> settle(core));
    }

    private static void settle(int core) {
        if (core < 0) {
            return;
        }
        try {
            Scheduling.pin(core);
        } catch (ErrnoException refused) {
            LOG.debug("a worker runs on any core", refused);
        }
    }
}
