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
 * Pins each worker's thread to a core of its own, in turn, beginning with the second: other work tends to be on the first. A thread
 * that the scheduler moves finds cold caches: pinned, one TCP stream was 1.2 times as fast on two cores, and UDP without loss 1.1
 * times. A higher priority (nice -10) gained nothing once the warm-up had left the compiler little to do, and p99 beside 20,000
 * packets a second was 1.5 times as long.
 */
public final class Cores {
    private static final Logger LOG = LoggerFactory.getLogger(Cores.class);

    private final List<Integer> cores;
    private int given;

    /** {@code cores}: numbers of the cores on which this process may run. */
    Cores(List<Integer> cores) {
        this.cores = List.copyOf(cores);
    }

    /** The cores of this process. */
    public static Cores ofThisProcess() {
        BitSet cores = new BitSet();
        try {
            cores = Scheduling.cores();
        } catch (ErrnoException refused) {
            LOG.debug("workers are not pinned", refused);
        }
        return new Cores(cores.stream().boxed().toList());
    }

    /** Number of cores, at least 1. */
    public int count() {
        return Math.max(1, cores.size());
    }

    /** Number of the next worker's core; -1: any core. */
    synchronized int next() {
        if (cores.size() < 2) {
            return -1;
        }
        given++;
        return cores.get(given % cores.size());
    }

    /**
     * Lowers the priority of the JVM's optimizing compiler: a start needs its cores for itself. (Start to ready on two cores: 0.66 s
     * instead of 0.76.)
     */
    public static void putOptimizerBehindStart() {
        try {
            Scheduling.giveWay("C2 ");
        } catch (IOException refused) {
            LOG.debug("the compilers run as any other thread", refused);
        }
    }

    /**
     * Gives the JVM's compiler threads the lowest priority: after the warm-up a compilation can wait, frames can't. (p99 beside
     * 20,000 packets a second, where both share one core: 270 us instead of 280 to 2,900.)
     */
    public static void putCompilersLast() {
        try {
            int compilers = Scheduling.runWhenIdle("C1 ") + Scheduling.runWhenIdle("C2 ");
            LOG.debug("{} compiler threads give way to others", compilers);
        } catch (IOException refused) {
            LOG.debug("the compilers run as any other thread", refused);
        }
    }

    /**
     * Runs long work on a thread of lower priority than those that forward frames, and returns its result. Not for short work, which
     * would wait long on a busy machine.
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

    /** Options of the next worker's thread. */
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
