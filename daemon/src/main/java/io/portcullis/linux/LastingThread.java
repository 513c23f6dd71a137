package io.portcullis.linux;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that does not end by an exception. What its body throws is a defect: the thread's uncaught exception handler gets it, and
 * a second later the body starts again.
 */
public final class LastingThread {
    private static final long PAUSE_NS = TimeUnit.SECONDS.toNanos(1);

    private LastingThread() {}

    /**
     * Creates a daemon thread without starting it.
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
