package io.portcullis.linux.netlink;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A socket that receives the change notifications of rtnetlink(7), in the network namespace of the thread that opened it. One thread reads;
 * any thread closes, also while another waits.
 */
final class NetlinkEvents implements AutoCloseable {
    private static final int CLOSED = 2;

    /** Reads the arrived messages. */
    interface Reader<T> {
        T read(Netlink netlink) throws ErrnoException;
    }

    private final Netlink netlink;
    private final int wakeup;
    private final String call;
    private final ReentrantLock reading = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();

    private NetlinkEvents(Netlink netlink, int wakeup, String call) {
        this.netlink = netlink;
        this.wakeup = wakeup;
        this.call = call;
    }

    /**
     * Opens a socket that is a member of multicast groups.
     *
     * @param groups RTMGRP_… bits
     * @param names of them, for messages
     */
    static NetlinkEvents open(int groups, String names) throws ErrnoException {
        int wakeup = (int) ErrnoException.check(Libc.eventfd(0, Libc.EFD_CLOEXEC), "eventfd(EFD_CLOEXEC)");
        try {
            return new NetlinkEvents(Netlink.open(groups), wakeup, "poll (" + names + ")");
        } catch (ErrnoException refused) {
            Libc.close(wakeup);
            throw refused;
        }
    }

    /**
     * Waits for messages, and calls the reader.
     *
     * @param timeoutMs milliseconds to wait at the most; negative: no limit; 0: not at all
     * @return empty when the time is up
     * @throws ErrnoException ECANCELED once this is closed
     */
    <T> Optional<T> await(int timeoutMs, Reader<T> reader) throws ErrnoException {
        reading.lock();
        try {
            if (closed.get()) {
                throw new ErrnoException(call, Errno.ECANCELED);
            }
            int ready = Libc.poll(netlink.fd(), wakeup, timeoutMs);
            if (ready == -Errno.EINTR) {
                return Optional.empty();
            }
            ErrnoException.check(ready, call);
            if ((ready & CLOSED) != 0) {
                throw new ErrnoException(call, Errno.ECANCELED);
            }
            return ready == 0 ? Optional.empty() : Optional.of(reader.read(netlink));
        } finally {
            reading.unlock();
        }
    }

    /** Discards the arrived messages. */
    static void skip(Netlink netlink) throws ErrnoException {
        while (true) {
            try {
                netlink.receive(Libc.MSG_DONTWAIT, "recv (rtnetlink)");
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.EAGAIN) {
                    return;
                }
                if (refused.errno() != Errno.ENOBUFS) {
                    throw refused;
                }
            }
        }
    }

    /** Ends it; a thread that waits gets ECANCELED. Once or more often, any thread. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            Libc.write(wakeup, arena.allocateFrom(JAVA_LONG, 1));
        }
        // Closed when no reader is inside: a moment later the number of a closed descriptor may be another file's.
        reading.lock();
        try {
            netlink.close();
            Libc.close(wakeup);
        } finally {
            reading.unlock();
        }
    }
}
