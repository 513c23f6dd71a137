package io.portcullis.hits.file;

import io.portcullis.linux.LastingThread;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Writes the copies of all open tables each minute, on a thread of its own: a disk may be slow. */
public final class HitKeeper implements AutoCloseable {
    private static final Duration PAUSE = Duration.ofMinutes(1);

    private final HitStore store;
    private final Supplier<List<KeptHits>> open;
    private final Thread thread = LastingThread.unstarted("portcullis-hits", this::run);
    private volatile Set<String> configured = Set.of();
    private volatile boolean closed;

    /**
     * Not started yet.
     *
     * @param open the tables that workers count in now
     */
    public HitKeeper(HitStore store, Supplier<List<KeptHits>> open) {
        this.store = store;
        this.open = open;
    }

    /**
     * To be called once, when the interfaces are guarded.
     *
     * @param interfaces whose hits are kept however old they are; none: all are
     */
    public void start(Set<String> interfaces) {
        configured = Set.copyOf(interfaces);
        thread.start();
    }

    private void run() {
        if (!configured.isEmpty()) {
            store.prune(configured);
        }
        while (!closed) {
            open.get().forEach(KeptHits::keep);
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /** Ends the thread; the caller keeps what the stopped interfaces have counted. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
