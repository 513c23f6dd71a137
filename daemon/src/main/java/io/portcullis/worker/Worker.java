package io.portcullis.worker;

import io.netty.channel.IoHandlerFactory;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Explained;
import io.portcullis.engine.Histogram;
import io.portcullis.engine.Shard;
import io.portcullis.engine.review.FlowReview;
import io.portcullis.engine.review.Sliced;
import io.portcullis.hits.HitSlots;
import io.portcullis.hits.RuleHits;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortChannel;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * One event loop that carries an interface's traffic between two ports. Its work is in {@link Round}; this class owns the loop and
 * its thread, passes commands from other threads to the round, and reports problems. All state below it has this loop as its only
 * writer.
 */
public final class Worker implements AutoCloseable {
    private static final int MAX_TASKS = 16_384;

    /** Bounds how long frames wait for queued tasks. */
    private static final long MAX_TASK_TIME_MS = 5;

    private static final long STOP_TIMEOUT_MS = 5_000;

    /** A loop that does not answer for longer is a problem. */
    private static final long LONGEST_SILENCE_MS = 2_000;

    private static final long NS_PER_MS = 1_000_000;
    private static final long MS_PER_S = 1_000;

    private final Engine engine;
    private final Port outside;
    private final Port inside;
    private final PortChannel outsideChannel;
    private final PortChannel insideChannel;
    private final SingleThreadIoEventLoop loop;
    private final DropReport drops;
    private final Outcomes outcomes;
    private final Round round;
    private volatile @Nullable PeerCount watched;
    private volatile boolean behind;
    private volatile @Nullable Future<?> beat;
    private volatile long beatAskedNs;
    private volatile boolean started;
    private volatile boolean closing;

    /**
     * Options of a worker's thread.
     *
     * @param busyPoll true: it never sleeps
     * @param atStart run first on the thread
     */
    public record ThreadOptions(boolean busyPoll, Runnable atStart) {
        /** An ordinary thread. */
        public static final ThreadOptions PLAIN = new ThreadOptions(false, () -> {});
    }

    /**
     * Creates a worker without starting it.
     *
     * @param name of the interface
     * @param engine decides; used by this worker only
     * @param outside opened port towards the world; the worker closes it
     * @param inside opened port towards the guarded side; the worker closes it
     * @param drops gets samples of dropped frames about once a second, on the loop; must not wait
     */
    Worker(
            String name,
            Engine engine,
            Port outside,
            Port inside,
            ThreadOptions threadOptions,
            Consumer<DropSamples.Taken> drops) {
        Shard share = engine.shard();
        this.engine = engine;
        this.outside = outside;
        this.inside = inside;
        this.drops = new DropReport(name, engine, drops, Worker::epochNs);
        this.outsideChannel = new PortChannel(outside);
        this.insideChannel = new PortChannel(inside);
        this.outcomes = new Outcomes(share.workers() == 1 ? name : name + ", worker " + share.worker());
        this.round = new Round(engine, outsideChannel, insideChannel, this.drops, System::nanoTime, this::wakeIn);
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
                        round::run,
                        outcomes::note),
                MAX_TASKS,
                RejectedExecutionHandlers.reject(),
                MAX_TASK_TIME_MS);
    }

    private static long epochNs() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
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
     * Adopts connections of the host; before {@link #start}, on any thread.
     *
     * @return connections that belong to this worker and fit its table
     */
    int adopt(List<Adopted> connections) {
        return engine.adopt(connections, System.nanoTime());
    }

    /**
     * Starts to forward the traffic that the policy admits.
     *
     * @param learns true: there are no flows of an earlier run, and the policy may pick up connections
     * @param handOver gets the frames of a batch that belong to other workers
     */
    void start(boolean learns, HandOver handOver) {
        outsideChannel.pipeline().addLast(new FirewallHandler(round, Direction.INGRESS, outcomes));
        insideChannel.pipeline().addLast(new FirewallHandler(round, Direction.EGRESS, outcomes));
        // In one task: otherwise the first port could read a batch before its peer is registered.
        loop.submit(() -> {
                    round.start(learns, handOver);
                    loop.register(outsideChannel);
                    loop.register(insideChannel);
                })
                .syncUninterruptibly();
        started = true;
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error defect) {
            outcomes.note(defect);
        }
    }

    private void wakeIn(long delayNs) {
        loop.schedule(Worker::wakeUp, delayNs, TimeUnit.NANOSECONDS);
    }

    /** Runs a command in the next round, with the round's time; fails if the loop has ended. */
    private <T> Future<T> ask(LongFunction<T> command) {
        Promise<T> answer = loop.newPromise();
        LongConsumer answering = nowNs -> {
            try {
                answer.trySuccess(command.apply(nowNs));
            } catch (RuntimeException | Error defect) {
                answer.tryFailure(defect);
            }
        };
        round.submit(answering);
        wakeFor(answer, () -> round.withdraw(answering));
        return answer;
    }

    /** Wakes the loop for a command, or withdraws the command if the loop has ended. */
    private void wakeFor(Promise<?> answer, Runnable withdrawal) {
        try {
            loop.execute(Worker::wakeUp);
        } catch (RejectedExecutionException refused) {
            withdrawal.run();
            answer.tryFailure(refused);
        }
    }

    /**
     * Publishes a policy, from any thread; done once the loop has installed it. A failed installation is repeated twice a second.
     */
    Future<?> install(Policy next) {
        // First, as a round that repeats a failed installation does not wait for it.
        HitSlots prepared = engine.prepare(next);
        round.publish(next);
        return ask(nowNs -> {
            if (next.equals(round.published())) {
                engine.install(prepared, nowNs);
            }
            return true;
        });
    }

    /** The policy published last was not installed in time: {@link #problems} reports it until it is. */
    void isBehind(@Nullable Throwable why) {
        behind = true;
        if (why != null) {
            outcomes.note(why);
        }
    }

    /** Explains what would happen to a frame that arrived now, from any thread; {@link Engine#explain}. */
    Future<Explained> explain(byte[] frame, Direction direction) {
        return ask(nowNs -> engine.explain(frame, direction, nowNs));
    }

    /** Reviews the flows under another policy, from any thread; ends at once where the answer is cancelled. {@link Engine#review}. */
    Future<FlowReview> review(Policy next, int most) {
        return begin(engine.review(next, most));
    }

    /** Ends flows, from any thread; stops where the answer is cancelled. {@link Engine#flush}. */
    Future<Integer> flush(int[] entries, int[] numbers) {
        return begin(engine.flush(entries, numbers));
    }

    private <T> Future<T> begin(Sliced<T> work) {
        Promise<T> answer = loop.newPromise();
        Round.LongCommand command = new FlowsCommand<>(work, answer);
        round.begin(command);
        wakeFor(answer, () -> round.giveUp(command));
        return answer;
    }

    /** Counts the frames of one conversation, from the next round on; null: of none. Any thread. */
    void watch(@Nullable PeerWatch peer) {
        PeerCount counting = peer == null ? null : new PeerCount(peer);
        watched = counting;
        var _ = ask(_ -> {
            round.watch(counting);
            return true;
        });
    }

    /** The frames of the watched conversation since {@link #watch}. Any thread. */
    PeerTraffic watched() {
        PeerCount counting = watched;
        return counting == null ? PeerTraffic.NONE : counting.traffic();
    }

    /**
     * Sets which dropped frames are logged.
     *
     * @param on false: none
     * @param all true: every frame, not samples
     */
    public void logDrops(boolean on, boolean all) {
        var _ = ask(_ -> {
            drops.set(on, all);
            return true;
        });
    }

    /** Copies a frame of a batch that another worker received; any thread. A frame too many is dropped and counted. */
    void takeOver(Batch batch, int i, Direction direction) {
        if (loop.isShuttingDown()) {
            round.refuse();
        } else if (round.offer(batch, i, direction)) {
            try {
                loop.execute(Worker::wakeUp);
            } catch (RejectedExecutionException full) {
                // A loop with so many tasks does not sleep: its next round reads the frame.
            }
        }
    }

    /** Times between two reads of the ports while there were frames, nanoseconds. */
    Histogram stalls() {
        return round.stalls();
    }

    /** Frames of each batch. */
    Histogram batchFrames() {
        return round.batchFrames();
    }

    /** Times of the decision about one frame, nanoseconds, measured now and then. */
    Histogram decisions() {
        return round.decisions();
    }

    /** The engine's counters. */
    public Counters counters() {
        return engine.counters();
    }

    /** Hit counters of the rules in force. */
    public RuleHits ruleHits() {
        return engine.ruleHits();
    }

    /** The port towards the world. */
    public Port outside() {
        return outside;
    }

    /** The port towards the guarded side. */
    public Port inside() {
        return inside;
    }

    /** Number of defects in this worker. */
    long bugs() {
        return outcomes.defects();
    }

    /** Done when the loop has answered; failed if it has ended. At most one question is pending. */
    Future<?> beat() {
        Future<?> last = beat;
        if (last == null || last.isDone()) {
            beatAskedNs = System.nanoTime();
            last = ask(_ -> true);
            beat = last;
        }
        return last;
    }

    /** What is wrong with this worker, in words that follow its name; empty: nothing. */
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
        String why = outcomes.repeatedDefect();
        if (why != null) {
            problems.add("drops every batch: " + why);
        }
        for (PortChannel channel : List.of(outsideChannel, insideChannel)) {
            if (!channel.isWatched()) {
                problems.add("does not read " + channel.port().nic());
            }
        }
        Policy next = round.published();
        Policy inForce = engine.ruleHits().policy();
        if (behind && next != null && !next.equals(inForce)) {
            problems.add("still has the rules of generation " + inForce.generation() + ", not those of generation "
                    + next.generation());
        }
        return problems;
    }

    /** Decides about the received frames, then closes both ports and ends the thread. */
    @Override
    public void close() {
        closing = true;
        Future<?> ended;
        try {
            ended = loop.submit(this::end);
        } catch (RejectedExecutionException refused) {
            ended = loop.newFailedFuture(refused);
        }
        ended.awaitUninterruptibly(STOP_TIMEOUT_MS);
        if (loop.isTerminated()) {
            // A defect had ended the loop before.
            outside.close();
            inside.close();
        }
        loop.shutdownGracefully(0, STOP_TIMEOUT_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(STOP_TIMEOUT_MS);
    }

    /** In one task: no port reads after its peer has been closed. */
    private void end() {
        run(() -> round.drain(outsideChannel));
        run(() -> round.drain(insideChannel));
        run(() -> drops.report(System.nanoTime()));
        outsideChannel.close();
        insideChannel.close();
    }

    /** Makes the loop run another {@link Round}: the only task besides those at start and end. */
    private static void wakeUp() {
        // The task is its own purpose: it ends the loop's sleep.
    }
}
