package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells of NICs that appear, change and vanish (rtnetlink(7), RTMGRP_LINK), in the network namespace of the thread that
 * opened it. One thread reads; any thread closes, also while another waits.
 *
 * <p>The kernel drops notifications for a slow reader (ENOBUFS). Then all NICs are read anew and reported, and those that
 * are missing as deleted: what is skipped are states in between, never the last one.
 */
public final class LinkWatch implements AutoCloseable {
    /**
     * A NIC as it is now.
     *
     * @param nic its state; where {@code deleted}, its last one
     * @param deleted true: it has gone from this network namespace
     */
    public record Change(Nic nic, boolean deleted) {}

    private static final int CLOSED = 2;

    private final Netlink netlink;
    private final int wakeup;
    private final ReentrantLock reading = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Map<Integer, Nic> known = new HashMap<>();

    private LinkWatch(Netlink netlink, int wakeup) {
        this.netlink = netlink;
        this.wakeup = wakeup;
    }

    /** Opens a watch. What happens from now on is reported; {@link Nics#all} tells what there is. */
    public static LinkWatch open() throws ErrnoException {
        int wakeup = (int) ErrnoException.check(Libc.eventfd(0, Libc.EFD_CLOEXEC), "eventfd(EFD_CLOEXEC)");
        try {
            LinkWatch watch = new LinkWatch(Netlink.open(Netlink.RTMGRP_LINK), wakeup);
            try {
                Nics.all().forEach(nic -> watch.known.put(nic.index(), nic));
                return watch;
            } catch (ErrnoException refused) {
                watch.netlink.close();
                throw refused;
            }
        } catch (ErrnoException refused) {
            Libc.close(wakeup);
            throw refused;
        }
    }

    /**
     * Waits for changes.
     *
     * @param timeoutMs milliseconds to wait at the most; negative: no limit; 0: not at all
     * @return in the order in which they happened; empty when the time is up, or earlier, when what happened was no
     *     change of a NIC: call again
     * @throws ErrnoException ECANCELED once the watch is closed
     */
    public List<Change> next(int timeoutMs) throws ErrnoException {
        reading.lock();
        try {
            if (closed.get()) {
                throw new ErrnoException("poll (RTMGRP_LINK)", Errno.ECANCELED);
            }
            int ready = Libc.poll(netlink.fd(), wakeup, timeoutMs);
            if (ready == -Errno.EINTR) {
                return List.of();
            }
            ErrnoException.check(ready, "poll (RTMGRP_LINK)");
            if ((ready & CLOSED) != 0) {
                throw new ErrnoException("poll (RTMGRP_LINK)", Errno.ECANCELED);
            }
            return ready == 0 ? List.of() : read();
        } finally {
            reading.unlock();
        }
    }

    private List<Change> read() throws ErrnoException {
        List<Change> changes = new ArrayList<>();
        try {
            for (Netlink.Message message : netlink.receive(Libc.MSG_DONTWAIT, "recv (RTMGRP_LINK)")) {
                boolean deleted = message.type() == Netlink.RTM_DELLINK;
                // The bridge (family AF_BRIDGE) speaks on this group too: its DELLINK means "no longer my port".
                if ((deleted || message.type() == Netlink.RTM_NEWLINK)
                        && message.body().get(0) == 0) {
                    changes.add(note(new Change(Nic.parse(message), deleted)));
                }
            }
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENOBUFS) {
                return anew();
            }
            if (refused.errno() != Errno.EAGAIN) {
                throw refused;
            }
        }
        return changes;
    }

    private List<Change> anew() throws ErrnoException {
        // What was queued before the loss is older than what is read now: reported later, it would have the last word.
        skipQueued();
        Map<Integer, Nic> before = new HashMap<>(known);
        List<Change> changes = new ArrayList<>();
        for (Nic nic : Nics.all()) {
            before.remove(nic.index());
            changes.add(note(new Change(nic, false)));
        }
        for (Nic gone : before.values()) {
            changes.add(note(new Change(gone, true)));
        }
        return changes;
    }

    private void skipQueued() throws ErrnoException {
        while (true) {
            try {
                netlink.receive(Libc.MSG_DONTWAIT, "recv (RTMGRP_LINK)");
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

    private Change note(Change change) {
        if (change.deleted()) {
            known.remove(change.nic().index());
        } else {
            known.put(change.nic().index(), change.nic());
        }
        return change;
    }

    /** Ends the watch; a thread that waits in {@link #next} gets ECANCELED. Once or more often, any thread. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            Libc.write(wakeup, arena.allocateFrom(JAVA_LONG, 1));
        }
        // The descriptors go when no reader is inside: a closed number may be another file's a moment later.
        reading.lock();
        try {
            netlink.close();
            Libc.close(wakeup);
        } finally {
            reading.unlock();
        }
    }
}
