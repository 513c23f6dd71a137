package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Scheduling;
import io.portcullis.operations.Actor;
import io.portcullis.operations.traffic.FlowQueries;
import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlowsRequest;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersRequest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers about the tracked flows. One thread of lower priority than the workers reads them, for one request at a time: however many
 * clients ask, they take at most what the workers leave of one core. Any thread may ask.
 */
public final class Flows implements FlowQueries, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Flows.class);

    private static final int MOST_REQUESTS = 16;

    /** A reading of talkers that nobody has used for as long is forgotten. */
    private static final long KEPT_NS = TimeUnit.SECONDS.toNanos(20);

    private static final long SECOND_NS = TimeUnit.SECONDS.toNanos(1);
    private static final long SHORTEST_NS = TimeUnit.MILLISECONDS.toNanos(TalkersRequest.SHORTEST_MS);

    private final Supplier<List<TrackedInterface>> interfaces;
    private final ScheduledThreadPoolExecutor thread = new ScheduledThreadPoolExecutor(
            1,
            work -> Thread.ofPlatform().daemon().name("portcullis-flows").unstarted(() -> {
                giveWay();
                work.run();
            }));
    private final Semaphore places = new Semaphore(MOST_REQUESTS);
    /** Of the thread. */
    private @Nullable LastReading last;

    /** The flows of what is guarded at the moment of a request. */
    public Flows(Supplier<List<TrackedInterface>> interfaces) {
        this.interfaces = interfaces;
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    private static void giveWay() {
        try {
            Scheduling.giveWay();
        } catch (ErrnoException refused) {
            LOG.debug("flows are read with the priority of any other thread", refused);
        }
    }

    @Override
    public CompletableFuture<FlowsReport> flows(FlowsRequest request) {
        return answer(() -> supply(() -> list(request)));
    }

    private FlowsReport list(FlowsRequest request) {
        Selection selection = new Selection(interfaces.get(), request.conditions());
        long nowNs = System.nanoTime();
        TopFlows top = new TopFlows(request.order(), request.limit(), nowNs);
        long tracked = selection.read(nowNs, top::add);
        return new FlowsReport(FlowText.now(), tracked, top.seen(), top.inOrder());
    }

    @Override
    public CompletableFuture<TalkersReport> talkers(TalkersRequest request) {
        return answer(() -> supply(() -> waitNs(request)).thenCompose(waitNs -> measured(request, waitNs)));
    }

    /** How long a request waits for its second reading. The first is taken now, unless there is one. */
    private long waitNs(TalkersRequest request) {
        long nowNs = System.nanoTime();
        long intervalNs = TimeUnit.MILLISECONDS.toNanos(request.intervalMs());
        long oldestNs = Math.max(2 * intervalNs, intervalNs + SECOND_NS);
        LastReading before = last;
        if (before != null && nowNs - before.atNs() <= oldestNs) {
            return Math.max(0, SHORTEST_NS - (nowNs - before.atNs()));
        }
        read(nowNs);
        return intervalNs;
    }

    private CompletableFuture<TalkersReport> measured(TalkersRequest request, long waitNs) {
        Executor later = CompletableFuture.delayedExecutor(waitNs, TimeUnit.NANOSECONDS, thread);
        return CompletableFuture.supplyAsync(() -> measure(request), later)
                .thenCompose(report ->
                        report.map(CompletableFuture::completedFuture).orElseGet(() -> measured(request, SHORTEST_NS)));
    }

    /** Empty: another request has replaced the first reading just now. */
    private Optional<TalkersReport> measure(TalkersRequest request) {
        LastReading before = last;
        long nowNs = System.nanoTime();
        if (before == null || nowNs - before.atNs() < SHORTEST_NS) {
            if (before == null) {
                read(nowNs);
            }
            return Optional.empty();
        }
        Selection wanted = new Selection(interfaces.get(), request.conditions());
        TalkersReport report = new Talkers(request, wanted, before).report();
        read(System.nanoTime());
        return Optional.of(report);
    }

    private void read(long nowNs) {
        forget();
        List<FlowReader> readers = interfaces.get().stream()
                .flatMap(iface -> iface.tables().stream())
                .toList();
        LastReading next = new LastReading(readers, nowNs);
        last = next;
        readers.forEach(reader -> reader.read(nowNs, flow -> next.note(reader, flow)));
        thread.schedule(() -> forget(next), KEPT_NS, TimeUnit.NANOSECONDS);
    }

    private void forget(LastReading old) {
        if (old.equals(last)) {
            forget();
        }
    }

    private void forget() {
        LastReading old = last;
        if (old != null) {
            last = null;
            old.close();
        }
    }

    /** Ends flows. Waits for the workers. */
    public FlushReport flush(FlushRequest request, Actor actor) {
        return new Flush(request, new Selection(interfaces.get(), request.conditions())).run(actor);
    }

    private <T> CompletableFuture<T> supply(Supplier<T> work) {
        return CompletableFuture.supplyAsync(work, thread);
    }

    private <T> CompletableFuture<T> answer(Supplier<CompletableFuture<T>> work) {
        if (!places.tryAcquire()) {
            return CompletableFuture.failedFuture(new IllegalStateException(
                    MOST_REQUESTS + " requests about flows wait for their answers: ask again later"));
        }
        return work.get().whenComplete((_, _) -> places.release());
    }

    /** Ends the thread. */
    @Override
    public void close() {
        thread.execute(this::forget);
        thread.shutdown();
    }
}
