package io.portcullis.linux.netlink;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reports NICs that appear, change and vanish (rtnetlink(7), RTMGRP_LINK), in the network namespace of the thread that
 * opened it. One thread reads; any thread closes, also while another waits.
 *
 * <p>The kernel drops notifications for a slow reader (ENOBUFS). Then all NICs are read anew and reported, and missing
 * ones as deleted: intermediate states are skipped, never the last one.
 */
public final class LinkWatch implements AutoCloseable {
    /**
     * A changed NIC.
     *
     * @param nic its state; where {@code deleted}, its last one
     * @param deleted true: it has left this network namespace
     */
    public record Change(Nic nic, boolean deleted) {}

    /** Datagrams that one read takes at the most. */
    private static final int DATAGRAMS = 256;

    private final NetlinkEvents events;
    private final Map<Integer, Nic> known = new HashMap<>();

    private LinkWatch(NetlinkEvents events) {
        this.events = events;
    }

    /**
     * Opens a watch that also wakes up for changes of queueing disciplines and filters: {@link #next} then returns early, with no change
     * of a NIC.
     */
    public static LinkWatch openWithFilters() throws ErrnoException {
        return open(Netlink.RTMGRP_LINK | Netlink.RTMGRP_TC, "RTMGRP_LINK, RTMGRP_TC");
    }

    /** Opens a watch. It reports changes from now on; {@link Nics#all} has the state before. */
    public static LinkWatch open() throws ErrnoException {
        return open(Netlink.RTMGRP_LINK, "RTMGRP_LINK");
    }

    private static LinkWatch open(int groups, String names) throws ErrnoException {
        LinkWatch watch = new LinkWatch(NetlinkEvents.open(groups, names));
        try {
            Nics.all().forEach(nic -> watch.known.put(nic.index(), nic));
            return watch;
        } catch (ErrnoException refused) {
            watch.close();
            throw refused;
        }
    }

    /**
     * Waits for changes.
     *
     * @param timeoutMs milliseconds to wait at the most; negative: no limit; 0: not at all
     * @return in the order in which they happened; empty when the time is up, or earlier, when another thing than a NIC has
     *     changed: call again
     * @throws ErrnoException ECANCELED once the watch is closed
     */
    public List<Change> next(int timeoutMs) throws ErrnoException {
        return events.await(timeoutMs, this::read).orElse(List.of());
    }

    private List<Change> read(Netlink netlink) throws ErrnoException {
        List<Change> changes = new ArrayList<>();
        try {
            for (int datagrams = 0; datagrams < DATAGRAMS; datagrams++) {
                for (Netlink.Message message : netlink.receive(Libc.MSG_DONTWAIT, "recv (RTMGRP_LINK)")) {
                    boolean deleted = message.type() == Netlink.RTM_DELLINK;
                    // Bridges (family AF_BRIDGE) send to this group too: their DELLINK means "no longer my port".
                    if ((deleted || message.type() == Netlink.RTM_NEWLINK)
                            && message.body().get(0) == 0) {
                        changes.add(note(new Change(Nic.parse(message), deleted)));
                    }
                }
            }
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENOBUFS) {
                return anew(netlink);
            }
            if (refused.errno() != Errno.EAGAIN) {
                throw refused;
            }
        }
        return changes;
    }

    private List<Change> anew(Netlink netlink) throws ErrnoException {
        // Messages queued before the loss are older than the state read now: reported after it, they would replace it.
        NetlinkEvents.skip(netlink);
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
        events.close();
    }
}
