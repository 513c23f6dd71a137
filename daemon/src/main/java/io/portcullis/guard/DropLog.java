package io.portcullis.guard;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.engine.Drop;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Reason;
import io.portcullis.journal.Event;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.policy.analysis.NearestRule;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes dropped frames and admitted flows to the log on a thread of its own, so that a slow log delays no worker. It waits while the
 * log is busy, so that a flood of drops displaces no other line; what does not fit into its queue meanwhile is counted, and not described.
 * A line has the time of its packet.
 */
public final class DropLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DropLog.class);
    private static final long STOP_TIMEOUT_S = 2;
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(5);

    /** Entries of the queue, each with the drops of one worker in one second. */
    private static final int MOST_WAITING = 64;

    /** For the search of nearest rules among the drops of one entry: a configuration may have 100,000 rules. */
    private static final long SEARCH_NS = TimeUnit.MILLISECONDS.toNanos(50);

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

    /** Flows that did not fit since the last line about them, by interface. */
    private final Map<String, Long> undescribedFlows = new ConcurrentHashMap<>();

    private final BooleanSupplier logIsIdle;
    private final Supplier<Optional<Config>> config;

    /**
     * A log without lines.
     *
     * @param logIsIdle false while many lines wait in the log
     * @param config in force, with the addresses of the NICs, for the rules nearest to drops
     */
    public DropLog(BooleanSupplier logIsIdle, Supplier<Optional<Config>> config) {
        this.logIsIdle = logIsIdle;
        this.config = config;
    }

    /** Queues the drops and flows of one worker in the last second; does not wait. */
    void write(String interfaceName, DropSamples.Taken taken) {
        int drops = taken.drops().size() + taken.flows().size();
        // The batches' time is monotonic.
        Instant zero = Instant.now().minusNanos(System.nanoTime());
        if (waitingDrops.addAndGet(drops) > MOST_DROPS + drops) {
            refuse(interfaceName, taken);
            return;
        }
        try {
            writer.execute(() -> {
                try {
                    log(interfaceName, taken, zero);
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
        waitingDrops.addAndGet(-taken.drops().size() - taken.flows().size());
        undescribed.merge(interfaceName, taken.others() + frames(taken.drops()), Long::sum);
        undescribedFlows.merge(interfaceName, taken.otherFlows() + frames(taken.flows()), Long::sum);
    }

    private static long frames(List<Drop> drops) {
        return drops.stream().mapToLong(Drop::count).sum();
    }

    private void log(String interfaceName, DropSamples.Taken taken, Instant zero) {
        long untilNs = System.nanoTime() + SEARCH_NS;
        Optional<Config> now = taken.drops().isEmpty() ? Optional.empty() : config.get();
        for (Drop drop : taken.drops()) {
            awaitLog();
            Optional<NearestRule> nearest = System.nanoTime() < untilNs
                    ? now.flatMap(rules -> nearest(rules, interfaceName, drop))
                    : Optional.empty();
            DropLine.ofDrop(interfaceName, drop, nearest, zero.plusNanos(drop.atNs()))
                    .log(LOG);
        }
        for (Drop flow : taken.flows()) {
            awaitLog();
            DropLine.ofFlow(interfaceName, flow, zero.plusNanos(flow.atNs())).log(LOG);
        }
        awaitLog();
        logUndescribed(interfaceName, taken.others(), taken.otherFlows());
    }

    private static Optional<NearestRule> nearest(Config config, String interfaceName, Drop drop) {
        Interface iface = config.interfaces().get(interfaceName);
        boolean ingress = drop.direction() == Direction.INGRESS;
        Address peer = ingress ? drop.source() : drop.destination();
        if (drop.reason() != Reason.NO_RULE || iface == null || peer == null) {
            return Optional.empty();
        }
        return NearestRule.to(
                config, iface, ingress, new NearestRule.Asked(peer.isV6(), drop.protocol(), drop.selector(), peer));
    }

    private void logUndescribed(String interfaceName, long drops, long flows) {
        long otherDrops = drops + missed(undescribed, interfaceName);
        if (otherDrops > 0) {
            DropLine.ofUndescribed(Event.DROP, interfaceName, otherDrops).log(LOG);
        }
        long otherFlows = flows + missed(undescribedFlows, interfaceName);
        if (otherFlows > 0) {
            DropLine.ofUndescribed(Event.ACCEPT, interfaceName, otherFlows).log(LOG);
        }
    }

    private static long missed(Map<String, Long> counts, String interfaceName) {
        Long missed = counts.remove(interfaceName);
        return missed == null ? 0 : missed;
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
        Stream.concat(undescribed.keySet().stream(), undescribedFlows.keySet().stream())
                .distinct()
                .toList()
                .forEach(name -> logUndescribed(name, 0, 0));
    }
}
