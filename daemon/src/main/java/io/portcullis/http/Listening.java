package io.portcullis.http;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a server open: opens it, tries again every second while that is refused, and opens it again when clients can't reach it any
 * more. It has a thread of its own, because the lookup of a host name may take long: nothing else waits for the server.
 */
public final class Listening implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Listening.class);
    private static final Duration RETRY = Duration.ofSeconds(1);

    /** A server that listens. */
    public interface Server extends AutoCloseable {
        /** Why clients can't reach it any more, in one line; empty while they can. */
        Optional<String> trouble();

        @Override
        void close();
    }

    /** Opens a server. */
    @FunctionalInterface
    public interface Opener {
        /**
         * Opens it; may wait.
         *
         * @throws ServerException if it can't listen now
         */
        Server open() throws ServerException;
    }

    private final String what;
    private final Opener opener;
    private final Duration retry;
    private final CountDownLatch tried = new CountDownLatch(1);
    private final CountDownLatch ending = new CountDownLatch(1);

    /** Written under the lock of this object, by its thread and by {@link #close}. */
    private @Nullable Server server;

    /** Empty: clients can reach it. */
    private volatile String trouble;

    private Listening(String what, Opener opener, Duration retry) {
        this.what = what;
        this.opener = opener;
        this.retry = retry;
        this.trouble = what + " is not open yet";
    }

    /**
     * Starts to open a server, and waits for nothing.
     *
     * @param what its name in messages: {@code the control socket}
     */
    public static Listening start(String what, Opener opener) {
        return start(what, opener, RETRY);
    }

    /** As {@link #start(String, Opener)}, with another time between two attempts. */
    public static Listening start(String what, Opener opener, Duration retry) {
        Listening listening = new Listening(what, opener, retry);
        Thread.ofPlatform().daemon().name("portcullis-listen").start(listening::run);
        return listening;
    }

    /** Why clients can't reach it now, in one line; empty while they can. Any thread. */
    public Optional<String> trouble() {
        String now = trouble;
        return now.isEmpty() ? Optional.empty() : Optional.of(now);
    }

    /**
     * Waits for the end of the first attempt, successful or not.
     *
     * @param most the longest wait
     * @return false: the attempt takes longer
     */
    public boolean awaitFirst(Duration most) {
        return await(tried, most);
    }

    private static boolean await(CountDownLatch latch, Duration most) {
        try {
            return latch.await(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void run() {
        do {
            try {
                look();
            } catch (RuntimeException | Error defect) {
                trouble = what + ": a defect, which the log describes";
                Defect.report(what, defect);
            }
            tried.countDown();
        } while (!await(ending, retry));
    }

    private void look() {
        Server open = current();
        if (open != null) {
            Optional<String> lost = open.trouble();
            if (lost.isEmpty()) {
                return;
            }
            note(lost.get());
            replace(null);
        }
        try {
            replace(opener.open());
        } catch (ServerException refused) {
            note(String.valueOf(refused.getMessage()));
        }
    }

    private void note(String reason) {
        if (!reason.equals(trouble)) {
            LOG.warn("{}; tried again every second", reason);
        }
        trouble = reason;
    }

    private synchronized @Nullable Server current() {
        return server;
    }

    private synchronized void replace(@Nullable Server next) {
        Server before = server;
        boolean late = ending.getCount() == 0;
        server = late ? null : next;
        if (before != null) {
            before.close();
        }
        if (late && next != null) {
            next.close();
        } else if (next != null) {
            trouble = "";
            LOG.info("{} listens", next);
        }
    }

    @Override
    public String toString() {
        return what;
    }

    /** Closes the server and ends the attempts; waits a few seconds at most for the server's thread to end. */
    @Override
    public void close() {
        ending.countDown();
        replace(null);
    }
}
