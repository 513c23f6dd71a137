package io.portcullis.fastpath;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.Scheduling;
import java.util.concurrent.locks.LockSupport;

/** Grace periods of the kernel, by membarrier(2) on a thread of its own. */
public final class MembarrierThread implements GracePeriod, AutoCloseable {
    private final Thread thread;
    /** Of the thread that begins them. */
    private long periods;

    private volatile long begun;
    private volatile long over;
    private volatile boolean closed;

    private MembarrierThread(String name) {
        thread = LastingThread.unstarted(name, this::run);
    }

    /**
     * Starts the thread.
     *
     * @param name of the thread
     * @throws ErrnoException if the kernel has no such periods ({@link Scheduling#awaitPrograms}): then there can be no fast path
     */
    public static MembarrierThread start(String name) throws ErrnoException {
        Scheduling.awaitPrograms();
        MembarrierThread started = new MembarrierThread(name);
        started.thread.start();
        return started;
    }

    private void run() {
        while (!closed) {
            long wanted = begun;
            if (wanted == over) {
                LockSupport.park(this);
                continue;
            }
            try {
                Scheduling.awaitPrograms();
            } catch (ErrnoException refused) {
                // It worked at the start. The lines of this period stay unused, which costs memory alone.
                throw new IllegalStateException(refused);
            }
            over = wanted;
        }
    }

    @Override
    public void begin() {
        periods++;
        begun = periods;
        LockSupport.unpark(thread);
    }

    @Override
    public boolean isOver() {
        return begun == over;
    }

    /** Ends the thread. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
