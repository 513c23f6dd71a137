package io.portcullis.worker;

import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.portcullis.engine.Counters;
import io.portcullis.engine.DropSamples;
import io.portcullis.engine.Engine;
import io.portcullis.engine.RuleHits;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Direction;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortChannel;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
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

    private static final long EXPIRY_PERIOD_MS = 100;
    private static final int EXPIRED_AT_ONCE = 2_000;
    private static final long DROP_PERIOD_MS = 1_000;
    private static final int SAMPLED_DROPS = 10;
    private static final long STOP_TIMEOUT_MS = 5_000;

    /** Bounds the drain where frames go on arriving. */
    private static final int DRAINED_BATCHES = 64;

    private final Engine engine;
    private final Port outside;
    private final Port inside;
    private final PortChannel outsideChannel;
    private final PortChannel insideChannel;
    private final SingleThreadIoEventLoop loop;
    private final Consumer<DropSamples.Taken> drops;
    private final AtomicLong bugs = new AtomicLong();
    private final String name;
    private boolean unfinishedNamed;
    private boolean logDrops = true;

    /**
     * A worker that is not running yet.
     *
     * @param name of the interface
     * @param policy to begin with
     * @param outside opened port towards the world; the worker closes it
     * @param inside opened port towards what is guarded; the worker closes it
     * @param drops takes samples of dropped frames about once a second, on the loop: must not wait
     */
    public Worker(String name, Policy policy, Port outside, Port inside, Consumer<DropSamples.Taken> drops) {
        SecureRandom random = new SecureRandom();
        this.engine = new Engine(policy, random.nextLong(), random.nextLong());
        this.name = name;
        this.outside = outside;
        this.inside = inside;
        this.drops = drops;
        this.outsideChannel = new PortChannel(outside);
        this.insideChannel = new PortChannel(inside);
        this.loop = new SingleThreadIoEventLoop(
                null,
                new DefaultThreadFactory("portcullis-" + name),
                EpollIoHandler.newFactory(),
                MAX_TASKS,
                RejectedExecutionHandlers.reject(),
                MAX_TASK_TIME_MS);
    }

    /** Ends a worker that was never started. */
    public void discard() {
        outside.close();
        inside.close();
        loop.shutdownGracefully(0, STOP_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    /** Lets traffic through, as far as the policy admits it. */
    public void start() {
        outsideChannel.pipeline().addLast(new FirewallHandler(engine, Direction.INGRESS, insideChannel, this::onBug));
        insideChannel.pipeline().addLast(new FirewallHandler(engine, Direction.EGRESS, outsideChannel, this::onBug));
        // In one task: else the first port could read a batch while its peer is not registered yet.
        loop.submit(() -> {
                    loop.register(outsideChannel);
                    loop.register(insideChannel);
                })
                .syncUninterruptibly();
        loop.scheduleWithFixedDelay(this::expire, EXPIRY_PERIOD_MS, EXPIRY_PERIOD_MS, TimeUnit.MILLISECONDS);
        loop.scheduleWithFixedDelay(this::takeDrops, DROP_PERIOD_MS, DROP_PERIOD_MS, TimeUnit.MILLISECONDS);
    }

    /** Publishes a policy, from any thread; done once the loop has taken it. Cannot fail: it was compiled before. */
    public Future<?> install(Policy next) {
        return loop.submit(() -> engine.install(next));
    }

    /**
     * Which dropped frames the log tells of.
     *
     * @param on false: none
     * @param all every one, not samples
     */
    public void logDrops(boolean on, boolean all) {
        loop.execute(() -> {
            logDrops = on;
            engine.dropSamples().describeAll(on && all);
        });
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

    /** How often something happened in the pipeline that never should. */
    public long bugs() {
        return bugs.get();
    }

    private void expire() {
        if (engine.expire(System.nanoTime(), EXPIRED_AT_ONCE) == EXPIRED_AT_ONCE) {
            loop.execute(this::expire);
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
        DropSamples.Taken taken = engine.dropSamples().take(SAMPLED_DROPS);
        if (logDrops && !taken.isEmpty()) {
            drops.accept(taken);
        }
    }

    private void onBug(Throwable bug) {
        if (bugs.incrementAndGet() == 1) {
            LOG.error("a batch of frames was dropped by a defect in the datapath; only the first is described", bug);
        }
    }

    /** Decides about what has arrived, then ends the traffic, closes both ports and ends the thread. */
    @Override
    public void close() {
        loop.submit(() -> {
                    drain(outsideChannel);
                    drain(insideChannel);
                    takeDrops();
                    // In one task: neither port reads any more when its peer is closed.
                    outsideChannel.close();
                    insideChannel.close();
                })
                .awaitUninterruptibly(STOP_TIMEOUT_MS);
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
