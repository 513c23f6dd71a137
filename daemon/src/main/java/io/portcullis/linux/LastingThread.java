package io.portcullis.linux;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that must live as long as what it looks after. What its body throws and should not is a defect: it is told to the
 * thread's uncaught exception handler, as if the thread had ended of it, and the body begins again a moment later.
 */
public final class LastingThread {
    private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(1);

    private LastingThread() {}

    /**
     * A daemon thread, not started yet.
     *
     * @param body returns when the thread is to end
     */
    public static Thread unstarted(String name, Runnable body) {
        return Thread.ofPlatform().daemon().name(name).unstarted(() -> {
            while (!ran(body)) {
                LockSupport.parkNanos(PAUSE_NS);
            }
        });
    }

    private static boolean ran(Runnable body) {
        try {
            body.run();
            return true;
        } catch (RuntimeException | Error defect) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, defect);
            return false;
        }
    }
}
