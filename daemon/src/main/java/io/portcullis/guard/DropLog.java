package io.portcullis.guard;

import io.portcullis.engine.Drop;
import io.portcullis.engine.DropSamples;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes dropped frames to the log on a thread of its own, so that a slow log delays no worker. It waits while the log is busy, so
 * that a flood of drops displaces no other line; drops that don't fit into its queue meanwhile are counted, and not described.
 */
public final class DropLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DropLog.class);
    private static final long STOP_TIMEOUT_S = 2;
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(5);

    /** Entries of the queue, each with the drops of one worker in one second. */
    private static final int MOST_WAITING = 64;

    /** Drops in all entries together. */
    private static final int MOST_DROPS = 16_384;

    private final ThreadPoolExecutor writer = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MOST_WAITING),
            Thread.ofPlatform().daemon().name("portcullis-drops").factory());

    private final AtomicInteger waitingDrops = new AtomicInteger();

    /** Frames that did not fit since the last line about them, by interface. */
    private final Map<String, Long> undescribed = new ConcurrentHashMap<>();

    private final BooleanSupplier logIsIdle;

    /** {@code logIsIdle}: false while many lines wait in the log. */
    public DropLog(BooleanSupplier logIsIdle) {
        this.logIsIdle = logIsIdle;
    }

    /** Queues the drops of one worker in the last second; does not wait. */
    void write(String interfaceName, DropSamples.Taken taken) {
        int drops = taken.drops().size();
        if (waitingDrops.addAndGet(drops) > MOST_DROPS + drops) {
            refuse(interfaceName, taken);
            return;
        }
        try {
            writer.execute(() -> {
                try {
                    log(interfaceName, taken);
                } finally {
                    waitingDrops.addAndGet(-drops);
                }
            });
        } catch (RejectedExecutionException full) {
            LOG.debug("drops of {} are not described", interfaceName, full);
            refuse(interfaceName, taken);
        }
    }

    private void refuse(String interfaceName, DropSamples.Taken taken) {
        waitingDrops.addAndGet(-taken.drops().size());
        long frames =
                taken.others() + taken.drops().stream().mapToLong(Drop::count).sum();
        undescribed.merge(interfaceName, frames, Long::sum);
    }

    private void log(String interfaceName, DropSamples.Taken taken) {
        for (Drop drop : taken.drops()) {
            awaitLog();
            String what = drop.passed() ? "would-drop" : "drop";
            if (drop.count() == 1) {
                LOG.info("{} {} {}", what, interfaceName, drop);
            } else {
                LOG.info("{} {} {} (and {} more for this reason)", what, interfaceName, drop, drop.count() - 1);
            }
        }
        awaitLog();
        logUndescribed(interfaceName, taken.others());
    }

    private void logUndescribed(String interfaceName, long besides) {
        Long missed = undescribed.remove(interfaceName);
        long others = besides + (missed == null ? 0 : missed);
        if (others > 0) {
            LOG.info("drop {} {} more not described", interfaceName, others);
        }
    }

    private void awaitLog() {
        while (!logIsIdle.getAsBoolean() && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    @Override
    public void close() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
                writer.shutdownNow();
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        List.copyOf(undescribed.keySet()).forEach(name -> logUndescribed(name, 0));
    }
}
