package io.portcullis.worker;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.portcullis.engine.Durations;
import io.portcullis.port.PortChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a worker's loop waits for frames: while they keep coming it looks into the ports' memory and makes no system call for
 * it; when there are none it sleeps in epoll, or with {@code busy-poll} looks on.
 *
 * <p>To look on for a moment before it sleeps was tried (up to 50 us, adapted as the kernel's haltpoll governor does): on two
 * virtual cores the round trip was no shorter, p99 beside 20,000 packets a second eight times as long, and there were a fifth
 * fewer new connections, since whoever was to answer waited for the core.
 */
final class PollingIoHandler implements IoHandler {
    /** Rounds without epoll at the most: other descriptors (a link's error, a wake-up) have their turn then. */
    private static final int ROUNDS_WITHOUT_EPOLL = 64;

    private static final int LOOKS_AT_ONCE = 64;
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    private final IoHandler epoll;
    private final PortChannel outside;
    private final PortChannel inside;
    private final boolean polls;
    private final boolean busyPoll;
    private final Durations stalls;
    private final Consumer<Throwable> defects;
    private int rounds;
    private @Nullable Look look;

    /** When it looked last and found frames; 0 where it found none. */
    private long busySinceNs;

    /**
     * Waits on two ports.
     *
     * @param stalls takes how long each round was in which there were frames: for so long nobody looked at the ports
     * @param defects told what a port or epoll should never have thrown
     */
    PollingIoHandler(
            IoHandler epoll,
            PortChannel outside,
            PortChannel inside,
            boolean busyPoll,
            Durations stalls,
            Consumer<Throwable> defects) {
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
        this.defects = defects;
    }

    /** What escapes from here would end the loop's thread, and the worker with it. */
    @Override
    public int run(IoHandlerContext context) {
        int read = 0;
        boolean ask = true;
        if (polls) {
            try {
                read = look();
                rounds++;
                ask = rounds >= ROUNDS_WITHOUT_EPOLL || read == 0 && !busyPoll;
            } catch (Throwable defect) {
                fail(defect);
            }
        }
        if (!ask) {
            return read;
        }
        rounds = 0;
        try {
            return read + epoll.run(read == 0 && !busyPoll || !polls ? context : look(context));
        } catch (Throwable defect) {
            fail(defect);
            return read;
        }
    }

    /** Batches that were read from the ports' memory. */
    private int look() {
        long nowNs = System.nanoTime();
        if (busySinceNs != 0) {
            stalls.record(nowNs - busySinceNs);
            busySinceNs = 0;
        }
        if (busyPoll && lookOn()) {
            nowNs = System.nanoTime();
        }
        if (!isReady()) {
            return 0;
        }
        busySinceNs = nowNs;
        return outside.poll() + inside.poll();
    }

    private void fail(Throwable defect) {
        defects.accept(defect);
        // It may come again at once: the loop must not spend all its time on that.
        LockSupport.parkNanos(PAUSE_NS);
    }

    private boolean isReady() {
        return outside.port().isReady() || inside.port().isReady();
    }

    /** True: frames have come meanwhile. */
    private boolean lookOn() {
        if (isReady()) {
            return false;
        }
        for (int i = 0; i < LOOKS_AT_ONCE; i++) {
            Thread.onSpinWait();
            if (isReady()) {
                return true;
            }
        }
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
