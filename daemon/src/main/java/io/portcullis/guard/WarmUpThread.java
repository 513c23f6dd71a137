package io.portcullis.guard;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Scheduling;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * After a start: warms the datapath up on idle cores while the NICs are guarded already, and puts the JVM's compilers behind all
 * other threads as soon as they have little to do. Until then they keep a share of a busy core: a flood meets compiled code after
 * seconds.
 */
public final class WarmUpThread implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUpThread.class);

    private static final Duration LOOK = Duration.ofMillis(250);

    /** A compiler that has worked less than this between two looks is idle. */
    private static final long IDLE_COMPILER_MS = 4;

    /** 20 s: a machine that is busy for longer is to forward frames all the same. */
    private static final int MOST_LOOKS = 80;

    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;

    private WarmUpThread(boolean synthetic) {
        thread = Thread.ofPlatform().daemon().name("portcullis-warm-up").unstarted(() -> run(synthetic));
    }

    /**
     * Not started yet.
     *
     * @param traffic true: traffic waits for the start, and warms the datapath up by itself
     */
    public static WarmUpThread unstarted(boolean traffic) {
        return new WarmUpThread(
                !traffic && !System.getProperty("portcullis.warm-up", "on").equals("off"));
    }

    /** To be called once, when the start is done. */
    public void start() {
        thread.start();
    }

    private void run(boolean synthetic) {
        try {
            if (synthetic) {
                runWhenIdle();
                WarmUp.run(() -> stopped.getCount() == 0);
            }
            awaitIdleCompiler();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            Cores.putCompilersLast();
        }
    }

    private static void runWhenIdle() {
        try {
            Scheduling.runWhenIdle();
        } catch (ErrnoException refused) {
            LOG.debug("the warm-up runs as any other thread", refused);
        }
    }

    private void awaitIdleCompiler() throws InterruptedException {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        if (compiler == null) {
            return;
        }
        long before = compiler.getTotalCompilationTime();
        for (int look = 0; look < MOST_LOOKS; look++) {
            if (stopped.await(LOOK.toNanos(), TimeUnit.NANOSECONDS)) {
                return;
            }
            long now = compiler.getTotalCompilationTime();
            if (now - before < IDLE_COMPILER_MS) {
                return;
            }
            before = now;
        }
    }

    /** Ends it, within milliseconds on a quiet machine. */
    @Override
    public void close() {
        stopped.countDown();
    }
}
