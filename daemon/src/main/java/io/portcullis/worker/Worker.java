package io.portcullis.worker;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Durations;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Explained;
import io.portcullis.engine.RuleHits;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One event loop that carries an interface's traffic: reads a batch from either port, has the engine decide, writes it to
 * the other. All state below it has this loop as its one writer; others reach it through tasks of the loop only.
 */
public final class Worker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

    private static final int MAX_TASKS = 16_384;

    /** Bounds how long queued tasks may hold up frames. */
    private static final long MAX_TASK_TIME_MS = 5;

    /** A flow that is found too late is no flow: this only gives its memory back. */
    private static final long EXPIRY_PERIOD_MS = 500;

    /** Some 100 us; then frames have their turn for as long as {@link #EXPIRY_PAUSE_MS}. */
    private static final int EXPIRED_AT_ONCE = 256;

    private static final long EXPIRY_PAUSE_MS = 1;
    private static final long DROP_PERIOD_MS = 1_000;
    private static final int SAMPLED_DROPS = 10;

    /** Frames that wait for being taken over at the most: they are rare, unless somebody makes them. */
    private static final int MOST_TAKEN_OVER = 64;

    private static final long STOP_TIMEOUT_MS = 5_000;

    /** Bounds the drain where frames go on arriving. */
    private static final int DRAINED_BATCHES = 64;

    /** For so long a loop may leave a question unanswered. */
    private static final long LONGEST_SILENCE_MS = 2_000;

    private static final long NS_PER_MS = 1_000_000;
    private static final long MS_PER_S = 1_000;

    private final Engine engine;
    private final Port outside;
    private final Port inside;
    private final PortChannel outsideChannel;
    private final PortChannel insideChannel;
    private final SingleThreadIoEventLoop loop;
    private final Consumer<DropSamples.Taken> drops;
    private final Durations stalls = new Durations();
    private final Outcomes outcomes;
    private final HandOverQueue handedOver;
    private final Runnable takeOver = guarded(this::takeOver);
    private final AtomicBoolean takeOverAsked = new AtomicBoolean();
    private final AtomicInteger refusedToTakeOver = new AtomicInteger();
    private final String name;
    private volatile @Nullable Policy wanted;
    private volatile boolean behind;
    private volatile @Nullable Future<?> beat;
    private volatile long beatAskedNs;
    private volatile boolean started;
    private volatile boolean closing;
    private boolean unfinishedNamed;
    private boolean logDrops = true;
    private int sampledDrops = SAMPLED_DROPS;

    /**
     * How a worker's thread lives.
     *
     * @param busyPoll true: it never sleeps
     * @param atStart what the thread does first
     */
    public record ThreadOptions(boolean busyPoll, Runnable atStart) {
        /** As any other. */
        public static final ThreadOptions PLAIN = new ThreadOptions(false, () -> {});
    }

    /**
     * A worker that is not running yet.
     *
     * @param name of the interface
     * @param engine decides; the worker's alone from now on
     * @param outside opened port towards the world; the worker closes it
     * @param inside opened port towards what is guarded; the worker closes it
     * @param drops takes samples of dropped frames about once a second, on the loop: must not wait
     */
    Worker(
            String name,
            Engine engine,
            Port outside,
            Port inside,
            ThreadOptions threadOptions,
            Consumer<DropSamples.Taken> drops) {
        Shard share = engine.share();
        this.engine = engine;
        this.name = name;
        this.outside = outside;
        this.inside = inside;
        this.drops = drops;
        this.handedOver = new HandOverQueue(share.workers() == 1 ? 0 : MOST_TAKEN_OVER);
        this.sampledDrops = Math.max(1, SAMPLED_DROPS / share.workers());
        this.outsideChannel = new PortChannel(outside);
        this.insideChannel = new PortChannel(inside);
        this.outcomes = new Outcomes(share.workers() == 1 ? name : name + ", worker " + share.worker());
        String thread = "portcullis-" + name + (share.workers() == 1 ? "" : "-" + share.worker());
        IoHandlerFactory epoll = EpollIoHandler.newFactory();
        this.loop = new SingleThreadIoEventLoop(
                null,
                new LoopThreads(thread, threadOptions.atStart(), outcomes),
                executor -> new PollingIoHandler(
                        epoll.newHandler(executor),
                        outsideChannel,
                        insideChannel,
                        threadOptions.busyPoll(),
                        stalls,
                        outcomes::note),
                MAX_TASKS,
                RejectedExecutionHandlers.reject(),
                MAX_TASK_TIME_MS);
    }

    private static final class LoopThreads extends DefaultThreadFactory {
        private final Runnable atStart;
        private final Outcomes outcomes;

        LoopThreads(String name, Runnable atStart, Outcomes outcomes) {
            super(name);
            this.atStart = atStart;
            this.outcomes = outcomes;
        }

        @Override
        public Thread newThread(Runnable loop) {
            return super.newThread(() -> {
                try {
                    atStart.run();
                } catch (RuntimeException | Error defect) {
                    outcomes.note(defect);
                }
                loop.run();
            });
        }
    }

    /** Ends a worker that was never started. */
    public void discard() {
        outside.close();
        inside.close();
        loop.shutdownGracefully(0, STOP_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    /**
     * Takes connections that were there before; before {@link #start}, on any thread.
     *
     * @return how many are this worker's, and have room
     */
    int adopt(List<Adopted> connections) {
        return engine.adopt(connections, System.nanoTime());
    }

    /**
     * Lets traffic through, as far as the policy admits it.
     *
     * @param learns true: it begins without the flows of before, and may pick up what the policy lets it
     * @param handOver takes the frames of a batch that are other workers'
     */
    void start(boolean learns, HandOver handOver) {
        outsideChannel
                .pipeline()
                .addLast(new FirewallHandler(engine, Direction.INGRESS, insideChannel, handOver, outcomes));
        insideChannel
                .pipeline()
                .addLast(new FirewallHandler(engine, Direction.EGRESS, outsideChannel, handOver, outcomes));
        // In one task: else the first port could read a batch while its peer is not registered yet.
        loop.submit(() -> {
                    if (learns) {
                        engine.startedAt(System.nanoTime());
                    }
                    loop.register(outsideChannel);
                    loop.register(insideChannel);
                })
                .syncUninterruptibly();
        // A periodic task that throws never runs again.
        loop.scheduleWithFixedDelay(() -> run(this::expire), EXPIRY_PERIOD_MS, EXPIRY_PERIOD_MS, TimeUnit.MILLISECONDS);
        loop.scheduleWithFixedDelay(() -> run(this::takeDrops), DROP_PERIOD_MS, DROP_PERIOD_MS, TimeUnit.MILLISECONDS);
        started = true;
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error defect) {
            outcomes.note(defect);
        }
    }

    private Runnable guarded(Runnable task) {
        return () -> run(task);
    }

    /** Does something on the loop; fails where the loop takes nothing any more. */
    private <T> Future<T> ask(Callable<T> task) {
        try {
            return loop.submit(task);
        } catch (RejectedExecutionException refused) {
            return loop.newFailedFuture(refused);
        }
    }

    /**
     * Publishes a policy, from any thread; done once the loop has taken it. Where that fails the loop tries again, twice a
     * second.
     */
    Future<?> install(Policy next) {
        wanted = next;
        RuleHits.Succession succession =
                RuleHits.Succession.of(engine.ruleHits().policy(), next);
        return ask(() -> {
            if (next.equals(wanted)) {
                engine.install(succession, System.nanoTime());
            }
            return true;
        });
    }

    /** The policy that was published last was not taken in time: {@link #problems} tells of it until it is. */
    void isBehind(@Nullable Throwable why) {
        behind = true;
        if (why != null) {
            outcomes.note(why);
        }
    }

    private void catchUp() {
        Policy next = wanted;
        if (next != null && !next.equals(engine.policy())) {
            engine.install(next, System.nanoTime());
        }
    }

    /** What would become of a frame that came now, from any thread; {@link Engine#explain}. */
    Future<Explained> explain(byte[] frame, Direction direction) {
        return ask(() -> engine.explain(frame, direction, System.nanoTime()));
    }

    /**
     * Which dropped frames the log tells of.
     *
     * @param on false: none
     * @param all every one, not samples
     */
    public void logDrops(boolean on, boolean all) {
        var _ = ask(() -> {
            logDrops = on;
            engine.dropSamples().describeAll(on && all);
            return true;
        });
    }

    /** Takes over a frame of a batch that another worker received; any thread. One that is too many is lost, and counted. */
    void takeOver(Batch batch, int i, Direction direction) {
        if (loop.isShuttingDown() || !handedOver.put(batch, i, direction)) {
            refusedToTakeOver.incrementAndGet();
            return;
        }
        if (takeOverAsked.getAndSet(true)) {
            return;
        }
        try {
            loop.execute(takeOver);
        } catch (RejectedExecutionException full) {
            takeOverAsked.set(false);
        }
    }

    private void takeOver() {
        // Before it looks: who puts a frame behind those that it sees asks again.
        takeOverAsked.set(false);
        int taken = areOpen() ? handedOver.take() : 0;
        if (taken == 0) {
            return;
        }
        engine.countTakenOver(taken, 0);
        try {
            decide(outsideChannel, handedOver.taken(Direction.INGRESS));
            decide(insideChannel, handedOver.taken(Direction.EGRESS));
        } finally {
            handedOver.release();
        }
    }

    private static void decide(PortChannel from, Batch batch) {
        if (batch.size() > 0) {
            from.pipeline().fireChannelRead(batch);
        }
    }

    /** How long the loop did not look at its ports while there were frames, each time. */
    public Durations stalls() {
        return stalls;
    }

    /** What the engine has counted. */
    public Counters counters() {
        return engine.counters();
    }

    /** Credits of the rules in force. */
    public RuleHits ruleHits() {
        return engine.ruleHits();
    }

    /** The port towards the world. */
    public Port outside() {
        return outside;
    }

    /** The port towards what is guarded. */
    public Port inside() {
        return inside;
    }

    /** How often something happened in this worker that never should. */
    long bugs() {
        return outcomes.defects();
    }

    /** Done when the loop has answered; failed where it never will. One question at a time is under way. */
    Future<?> beat() {
        Future<?> last = beat;
        if (last == null || last.isDone()) {
            beatAskedNs = System.nanoTime();
            last = ask(() -> true);
            beat = last;
        }
        return last;
    }

    /** Why this worker does not do all that it should, in words that follow its name; empty: it does. */
    List<String> problems() {
        if (!started || closing) {
            return List.of();
        }
        if (loop.isShuttingDown()) {
            return List.of("has ended by a defect: no frame passes it until portcullis is started again");
        }
        List<String> problems = new ArrayList<>();
        Future<?> asked = beat;
        long silentMs = asked == null || asked.isDone() ? 0 : (System.nanoTime() - beatAskedNs) / NS_PER_MS;
        if (silentMs > LONGEST_SILENCE_MS) {
            problems.add("has not answered for " + silentMs / MS_PER_S + " s: it reads no frames");
        }
        String why = outcomes.whyAllFail();
        if (why != null) {
            problems.add("drops every batch: " + why);
        }
        for (PortChannel channel : List.of(outsideChannel, insideChannel)) {
            if (!channel.isWatched()) {
                problems.add("does not read " + channel.port().nic());
            }
        }
        Policy next = wanted;
        Policy inForce = engine.ruleHits().policy();
        if (behind && next != null && !next.equals(inForce)) {
            problems.add("still has the rules of generation " + inForce.generation() + ", not those of generation "
                    + next.generation());
        }
        return problems;
    }

    private boolean areOpen() {
        return outsideChannel.isOpen() && insideChannel.isOpen();
    }

    private void expire() {
        catchUp();
        // Where the loop did not take the task.
        takeOver();
        outsideChannel.watchAgain();
        insideChannel.watchAgain();
        if (refusedToTakeOver.get() != 0) {
            engine.countTakenOver(0, refusedToTakeOver.getAndSet(0));
        }
        int expired = engine.expire(System.nanoTime(), EXPIRED_AT_ONCE);
        if (areOpen()) {
            FirewallHandler.sendReleased(engine, Direction.INGRESS, insideChannel);
            FirewallHandler.sendReleased(engine, Direction.EGRESS, outsideChannel);
        }
        if (expired >= EXPIRED_AT_ONCE) {
            // Not at once: tasks that follow each other hold the frames up.
            loop.schedule(() -> run(this::expire), EXPIRY_PAUSE_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void takeDrops() {
        if (!unfinishedNamed && counters().total(Counters.Total.CHECKSUMS_FINISHED) > 0) {
            unfinishedNamed = true;
            LOG.warn(
                    "{}: frames arrive with unfinished checksums, which their sender's NIC was to fill in; they are"
                            + " finished here (counted in portcullis_checksums_finished_total). Turning tx checksum"
                            + " offload off at the far end spares that",
                    name);
        }
        DropSamples.Taken taken = engine.dropSamples().take(sampledDrops);
        if (logDrops && !taken.isEmpty()) {
            drops.accept(taken);
        }
    }

    /** Decides about what has arrived, then ends the traffic, closes both ports and ends the thread. */
    @Override
    public void close() {
        closing = true;
        Future<?> ended = ask(() -> {
            run(() -> drain(outsideChannel));
            run(() -> drain(insideChannel));
            run(this::takeDrops);
            // In one task: neither port reads any more when its peer is closed.
            outsideChannel.close();
            insideChannel.close();
            return true;
        });
        ended.awaitUninterruptibly(STOP_TIMEOUT_MS);
        if (loop.isTerminated()) {
            // It had ended before, by a defect.
            outside.close();
            inside.close();
        }
        loop.shutdownGracefully(0, STOP_TIMEOUT_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(STOP_TIMEOUT_MS);
    }

    private static void drain(PortChannel channel) {
        Port port = channel.port();
        for (int i = 0; i < DRAINED_BATCHES; i++) {
            Batch batch = port.receive();
            if (batch == null) {
                return;
            }
            channel.pipeline().fireChannelRead(batch);
            port.release(batch);
        }
    }
}
