package io.portcullis.worker;

import io.netty.channel.Channel;
import io.portcullis.conntrack.FastPath;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Histogram;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortChannel;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The duty cycle of a worker: {@link #run} does every kind of work that a worker has, by one reading of the clock. The event
 * loop calls it again and again ({@link PollingIoHandler}); a test calls it by hand, under a clock of its own.
 *
 * <p>For the loop's thread; {@link #submit}, {@link #publish} and {@link #offer} for any thread, which wakes the loop after.
 */
final class Round {
    /** Only frees memory: an expired flow that is found before matches no packet. */
    static final long EXPIRY_PERIOD_NS = TimeUnit.MILLISECONDS.toNanos(500);

    /** About 100 us; then only frames are processed for {@link #EXPIRY_PAUSE_NS}. */
    static final int EXPIRED_AT_ONCE = 256;

    static final long EXPIRY_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);
    static final long DROP_PERIOD_NS = TimeUnit.SECONDS.toNanos(1);

    /** Most waiting frames of other workers: they are rare unless an attacker sends them. */
    private static final int MOST_HANDED_OVER = 64;

    /** Most commands of one round: frames must not wait long. */
    private static final int COMMANDS_AT_ONCE = 16;

    /** A slice of a long command takes about as long at the most: frames wait for it. */
    private static final long SLICE_NS = TimeUnit.MICROSECONDS.toNanos(50);

    /** While there are frames, only they are processed for as long after a slice of a long command. */
    static final long SLICE_PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    /** Most parts of a long command in one slice. */
    static final int PARTS_AT_ONCE = 128;

    /**
     * The time of one batch in so many is measured: two readings of the clock for each batch would cost more than a frame. A prime
     * number: where the ports take turns, both are measured.
     */
    static final int MEASURED_EVERY = 61;

    /** Bounds {@link #drain} while frames keep arriving. */
    private static final int DRAINED_BATCHES = 64;

    private final Engine engine;
    private final PortChannel outside;
    private final PortChannel inside;
    private final DropReport drops;
    private final LongSupplier clock;
    private final LongConsumer alarm;
    private final Histogram stalls = new Histogram(1 << 13, 1 << 28, 4);
    private final Histogram batchFrames = new Histogram(1, Batch.CAPACITY, 1);
    private final Histogram decisions = new Histogram(1 << 5, 1 << 20, 2);
    private final Queue<LongConsumer> commands = new ConcurrentLinkedQueue<>();
    private final Queue<LongCommand> longCommands = new ConcurrentLinkedQueue<>();
    private final HandOverQueue handedOver;
    private final AtomicBoolean framesOffered = new AtomicBoolean();
    private final AtomicInteger framesRefused = new AtomicInteger();
    private final LongCommand fastPathWork = this::proceedWithFastPath;
    private volatile @Nullable Policy published;
    private @Nullable PeerCount watched;

    private HandOver handOver = HandOver.NOBODY;
    private boolean started;
    private long nowNs;
    private long expiryDueNs;
    private long dropsDueNs;
    private boolean busy;
    private long busySinceNs;
    private long sliceDueNs;
    private int untilMeasured = MEASURED_EVERY;

    /** A command that takes long: frames are processed between its parts. */
    @FunctionalInterface
    interface LongCommand {
        /**
         * Does a small part, of a few microseconds. Must not throw.
         *
         * @return true: all is done
         */
        boolean proceed(long nowNs);
    }

    /**
     * A round that does nothing before {@link #start}.
     *
     * @param clock nanoseconds, as {@link System#nanoTime}; read once a round
     * @param alarm gets the nanoseconds after which another round is due, even if no frame arrives
     */
    Round(
            Engine engine,
            PortChannel outside,
            PortChannel inside,
            DropReport drops,
            LongSupplier clock,
            LongConsumer alarm) {
        this.engine = engine;
        this.outside = outside;
        this.inside = inside;
        this.drops = drops;
        this.clock = clock;
        this.alarm = alarm;
        this.handedOver = new HandOverQueue(engine.shard().workers() == 1 ? 0 : MOST_HANDED_OVER);
    }

    /**
     * Starts the timers. Once, before the ports are read.
     *
     * @param learns true: there are no flows of an earlier run, and the policy may pick up connections
     * @param handOver takes the frames of a batch that belong to other workers
     */
    void start(boolean learns, HandOver handOver) {
        this.handOver = handOver;
        nowNs = clock.getAsLong();
        if (learns) {
            engine.startedAt(nowNs);
        }
        drops.time(nowNs);
        expiryDueNs = nowNs + EXPIRY_PERIOD_NS;
        dropsDueNs = nowNs + DROP_PERIOD_NS;
        alarm.accept(EXPIRY_PERIOD_NS);
        alarm.accept(DROP_PERIOD_NS);
        started = true;
    }

    /**
     * One duty cycle. Throws what a defect in a periodic task throws; the other kinds of work report their own.
     *
     * @return batches and commands done; 0: the loop may wait
     */
    int run() {
        nowNs = clock.getAsLong();
        if (busy) {
            stalls.record(nowNs - busySinceNs);
        }
        FastPath fastPath = engine.fastPath();
        if (fastPath != null) {
            // Every batch of the last round has been written.
            fastPath.settle(nowNs);
        }
        // Read: each batch comes back to decide(), which writes it and the fragments that it released.
        int batches = outside.poll() + inside.poll();
        busy = batches > 0;
        busySinceNs = nowNs;
        // Frames that another worker received.
        if (framesOffered.get()) {
            takeOver();
        }
        int done = batches + runCommands();
        if (fastPath != null && fastPath.isDue(nowNs)) {
            done += runSlice(fastPathWork);
        } else if (!longCommands.isEmpty()) {
            done += runSlice(longCommands.peek());
        }
        if (started && nowNs - expiryDueNs >= 0) {
            expire();
        }
        if (started && nowNs - dropsDueNs >= 0) {
            reportDrops();
        }
        return done;
    }

    /**
     * Decides about a batch, then writes the accepted frames to the other port, and after them the fragments that waited for
     * one of them. Where deciding fails nothing is written: what is not accepted does not pass.
     *
     * @param direction in which the frames travel
     */
    void decide(Batch batch, Direction direction) {
        batchFrames.record(batch.size());
        untilMeasured--;
        if (untilMeasured > 0) {
            engine.decide(batch, direction, nowNs);
        } else {
            measure(batch, direction);
        }
        PeerCount counted = watched;
        if (counted != null) {
            counted.count(batch, direction);
        }
        if (batch.elsewhere() != 0) {
            handOver.accept(batch, direction);
        }
        Channel peer = direction == Direction.INGRESS ? inside : outside;
        write(batch, peer);
        writeReleased(direction, peer);
    }

    private void measure(Batch batch, Direction direction) {
        untilMeasured = MEASURED_EVERY;
        long beganNs = clock.getAsLong();
        engine.decide(batch, direction, nowNs);
        if (batch.size() > 0) {
            decisions.record((clock.getAsLong() - beganNs) / batch.size());
        }
    }

    /** Writes held fragments whose datagram has been decided. */
    private void writeReleased(Direction direction, Channel peer) {
        for (Batch held = engine.released(direction); held != null; held = engine.released(direction)) {
            write(held, peer);
        }
    }

    private static void write(Batch batch, Channel peer) {
        if (batch.accepted() != 0) {
            peer.write(batch, peer.voidPromise());
            peer.flush();
        }
    }

    private void takeOver() {
        // Before take(): the producer of a later frame sets it again.
        framesOffered.set(false);
        int taken = areOpen() ? handedOver.take() : 0;
        if (taken == 0) {
            return;
        }
        engine.countTakenOver(taken, 0);
        try {
            decideHandedOver(outside, handedOver.taken(Direction.INGRESS));
            decideHandedOver(inside, handedOver.taken(Direction.EGRESS));
        } finally {
            handedOver.release();
        }
    }

    private static void decideHandedOver(PortChannel from, Batch batch) {
        if (batch.size() > 0) {
            from.pipeline().fireChannelRead(batch);
        }
    }

    private int runCommands() {
        int done = 0;
        for (LongConsumer next = commands.poll(); next != null; next = commands.poll()) {
            next.accept(nowNs);
            done++;
            if (done == COMMANDS_AT_ONCE) {
                break;
            }
        }
        return done;
    }

    private boolean proceedWithFastPath(long timeNs) {
        FastPath fastPath = engine.fastPath();
        if (fastPath != null && fastPath.isDue(timeNs)) {
            fastPath.proceed(timeNs);
            return false;
        }
        return true;
    }

    /** Does a slice of a long command: at once where there are no frames, else once a millisecond. */
    private int runSlice(@Nullable LongCommand command) {
        if (command == null || busy && nowNs - sliceDueNs < 0) {
            return 0;
        }
        long beganNs = clock.getAsLong();
        long endNs = beganNs;
        boolean done = false;
        for (int part = 0; part < PARTS_AT_ONCE && !done && endNs - beganNs < SLICE_NS; part++) {
            done = command.proceed(nowNs);
            endNs = clock.getAsLong();
        }
        if (done) {
            longCommands.remove(command);
        }
        sliceDueNs = endNs + SLICE_PAUSE_NS;
        return 1;
    }

    private void expire() {
        long nextNs = EXPIRY_PERIOD_NS;
        try {
            retry();
            if (engine.expire(nowNs, EXPIRED_AT_ONCE) >= EXPIRED_AT_ONCE) {
                // Not at once: frames would wait.
                nextNs = EXPIRY_PAUSE_NS;
            }
            if (areOpen()) {
                writeReleased(Direction.INGRESS, inside);
                writeReleased(Direction.EGRESS, outside);
            }
        } finally {
            expiryDueNs = nowNs + nextNs;
            alarm.accept(nextNs);
        }
    }

    /** Repeats what failed: installing a policy, adding a descriptor to epoll. Counts refused frames of other workers. */
    private void retry() {
        Policy next = published;
        if (next != null && !next.equals(engine.policy())) {
            engine.install(next, nowNs);
        }
        outside.watchAgain();
        inside.watchAgain();
        if (framesRefused.get() != 0) {
            engine.countTakenOver(0, framesRefused.getAndSet(0));
        }
    }

    private void reportDrops() {
        try {
            drops.report(nowNs);
        } finally {
            dropsDueNs = nowNs + DROP_PERIOD_NS;
            alarm.accept(DROP_PERIOD_NS);
        }
    }

    private boolean areOpen() {
        return outside.isOpen() && inside.isOpen();
    }

    /** Adds a command for the next round; it gets the round's time and must not throw. Any thread. */
    void submit(LongConsumer command) {
        commands.add(command);
    }

    /** Adds a long command, which begins when those before it have ended. Any thread. */
    void begin(LongCommand command) {
        longCommands.add(command);
    }

    /** Removes a command that no round has begun. Any thread. */
    void withdraw(LongConsumer command) {
        commands.remove(command);
    }

    /** Removes a long command, begun or not. Any thread. */
    void giveUp(LongCommand command) {
        longCommands.remove(command);
    }

    /** Counts the frames of one conversation from now on; null: of none. On the loop. */
    void watch(@Nullable PeerCount peer) {
        watched = peer;
    }

    /** Sets the policy that is to be in force: a failed installation is repeated twice a second. Any thread. */
    void publish(Policy policy) {
        published = policy;
    }

    /** The policy published last; null: none so far. Any thread. */
    @Nullable
    Policy published() {
        return published;
    }

    /**
     * Copies a frame of a batch that another worker received, for the next round. A frame too many is dropped and counted.
     * Any thread.
     *
     * @return true: the loop has to be woken
     */
    boolean offer(Batch batch, int i, Direction direction) {
        if (handedOver.put(batch, i, direction)) {
            return !framesOffered.getAndSet(true);
        }
        framesRefused.incrementAndGet();
        return false;
    }

    /** Counts a frame of another worker as refused. Any thread. */
    void refuse() {
        framesRefused.incrementAndGet();
    }

    /** Decides about the frames that a port has received, {@value #DRAINED_BATCHES} batches at the most. */
    void drain(PortChannel channel) {
        nowNs = clock.getAsLong();
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

    /** Times between two reads of the ports while there were frames, nanoseconds. */
    Histogram stalls() {
        return stalls;
    }

    /** Frames of each batch. */
    Histogram batchFrames() {
        return batchFrames;
    }

    /** Times of {@link Engine#decide} for one frame, nanoseconds: the mean over a batch, of one batch in {@value #MEASURED_EVERY}. */
    Histogram decisions() {
        return decisions;
    }
}
