package io.portcullis.worker;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.portcullis.engine.Durations;
import io.portcullis.port.PortChannel;
import org.jspecify.annotations.Nullable;

/**
 * How a worker's loop waits for frames. While they keep coming it looks into the ports' memory and makes no system call for
 * it; then it looks on for a moment, since the answer to what was just forwarded is often near and waking up costs more than
 * it takes to come; then it sleeps in epoll. How long it looks on depends on how long it had to sleep before: whoever sleeps
 * long looks on shortly, in the end not at all. (The kernel's haltpoll governor does the same with idle cores.)
 *
 * <p>With {@code busy-poll} it never sleeps.
 */
final class PollingIoHandler implements IoHandler {
    /** Looks on for so long at the most: the answer of a machine on the same network comes sooner. */
    private static final long LONGEST_SPIN_NS = Long.getLong("spin", 50) * 1_000;

    private static final long FIRST_SPIN_NS = 10_000;

    /** What is shorter is not worth two looks at the clock. */
    private static final long SHORTEST_SPIN_NS = 2_000;

    /** Rounds without epoll at the most: other descriptors (a link's error, a wake-up) have their turn then. */
    private static final int ROUNDS_WITHOUT_EPOLL = 64;

    private static final int LOOKS_BETWEEN_CLOCKS = 16;

    private final IoHandler epoll;
    private final PortChannel outside;
    private final PortChannel inside;
    private final boolean polls;
    private final boolean busyPoll;
    private final Durations stalls;
    private long spinNs;
    private int rounds;
    private @Nullable Look look;

    /** When it looked last and found frames; 0 where it found none. */
    private long busySinceNs;

    /**
     * Waits on two ports.
     *
     * @param stalls takes how long each round was in which there were frames: for so long nobody looked at the ports
     */
    PollingIoHandler(IoHandler epoll, PortChannel outside, PortChannel inside, boolean busyPoll, Durations stalls) {
        this.epoll = epoll;
        this.outside = outside;
        this.inside = inside;
        this.polls = outside.port().canBePolled() && inside.port().canBePolled();
        this.busyPoll = busyPoll;
        if (polls) {
            outside.setPolled();
            inside.setPolled();
        }
        this.stalls = stalls;
    }

    @Override
    public int run(IoHandlerContext context) {
        if (!polls) {
            return epoll.run(context);
        }
        long nowNs = System.nanoTime();
        if (busySinceNs != 0) {
            stalls.record(nowNs - busySinceNs);
            busySinceNs = 0;
        }
        if (!isReady() && spin(context, nowNs)) {
            nowNs = System.nanoTime();
        }
        int read = 0;
        if (isReady()) {
            busySinceNs = nowNs;
            read = outside.poll() + inside.poll();
        }
        rounds++;
        if (read == 0 && !busyPoll) {
            rounds = 0;
            long beforeNs = System.nanoTime();
            int handled = epoll.run(context);
            adapt(System.nanoTime() - beforeNs);
            return handled;
        }
        if (rounds >= ROUNDS_WITHOUT_EPOLL) {
            rounds = 0;
            read += epoll.run(look(context));
        }
        return read;
    }

    private boolean isReady() {
        return outside.port().isReady() || inside.port().isReady();
    }

    /** True: there are frames. */
    private boolean spin(IoHandlerContext context, long startNs) {
        if (spinNs == 0 && !busyPoll) {
            return false;
        }
        do {
            for (int i = 0; i < LOOKS_BETWEEN_CLOCKS; i++) {
                if (isReady()) {
                    return true;
                }
                Thread.onSpinWait();
            }
        } while (!busyPoll && context.canBlock() && System.nanoTime() - startNs < spinNs);
        return false;
    }

    private IoHandlerContext look(IoHandlerContext context) {
        Look cached = look;
        if (cached == null || !cached.context.equals(context)) {
            cached = new Look(context);
            look = cached;
        }
        return cached;
    }

    private void adapt(long sleptNs) {
        if (sleptNs > LONGEST_SPIN_NS) {
            spinNs -= spinNs >> 3;
            if (spinNs < SHORTEST_SPIN_NS) {
                spinNs = 0;
            }
        } else {
            spinNs = Math.min(Math.max(spinNs * 2, FIRST_SPIN_NS), LONGEST_SPIN_NS);
        }
    }

    /** Where epoll must not wait. */
    private record Look(IoHandlerContext context) implements IoHandlerContext {
        @Override
        public boolean canBlock() {
            return false;
        }

        @Override
        public long delayNanos(long currentTimeNanos) {
            return 0;
        }

        @Override
        public long deadlineNanos() {
            return context.deadlineNanos();
        }
    }

    @Override
    public void initialize() {
        epoll.initialize();
    }

    @Override
    public void prepareToDestroy() {
        epoll.prepareToDestroy();
    }

    @Override
    public void destroy() {
        epoll.destroy();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return epoll.register(handle);
    }

    @Override
    public void wakeup() {
        epoll.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return epoll.isCompatible(handleType);
    }
}
