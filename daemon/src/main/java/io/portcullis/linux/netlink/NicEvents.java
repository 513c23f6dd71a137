package io.portcullis.linux.netlink;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.Libc;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel's notifications (rtnetlink(7)) about links, addresses and filters of this network namespace, for the whole daemon: one
 * socket and one thread. {@link NicChecks} are told, and do their work on threads of their own.
 *
 * <p>The kernel drops notifications for a slow reader (ENOBUFS). Then, and whenever the socket is opened, {@link Changes} say that
 * everything may have changed. A socket that fails is opened again after a second; until that succeeds, everything may have changed
 * every second.
 */
public final class NicEvents implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NicEvents.class);

    private static final int RTMGRP_IPV4_IFADDR = 0x10;
    private static final int RTMGRP_IPV6_IFADDR = 0x100;
    private static final int GROUPS = Netlink.RTMGRP_LINK | Netlink.RTMGRP_TC | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
    private static final String GROUP_NAMES = "RTMGRP_LINK, RTMGRP_TC, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR";

    /** Datagrams of one report at the most. */
    private static final int DATAGRAMS = 256;

    private static final long RETRY_MS = 1_000;
    private static final long END_MS = 2_000;

    /** The things of a NIC that change. */
    public enum Kind {
        /** A NIC appears, vanishes, or changes its state, name, MAC address or MTU. */
        LINKS,
        /** An address of a NIC, IPv4 or IPv6. */
        ADDRESSES,
        /** A queueing discipline or a filter; programs of tcx change without a notification. */
        FILTERS
    }

    /**
     * What may have changed.
     *
     * @param kinds of the changes
     * @param deleted indices of NICs that have left this network namespace; another NIC, or the same one, may have the index now
     */
    public record Changes(Set<Kind> kinds, Set<Integer> deleted) {
        static final Changes NONE = new Changes(Set.of(), Set.of());

        /** Anything but a deleted NIC. */
        static final Changes ANY = new Changes(EnumSet.allOf(Kind.class), Set.of());

        /** True: nothing has changed. */
        boolean isEmpty() {
            return kinds.isEmpty();
        }

        /** True: a link may have changed. */
        public boolean links() {
            return kinds.contains(Kind.LINKS);
        }

        Changes and(Changes more) {
            Set<Kind> both = new HashSet<>(kinds);
            both.addAll(more.kinds);
            Set<Integer> gone = new TreeSet<>(deleted);
            gone.addAll(more.deleted);
            return new Changes(both, gone);
        }
    }

    private final List<Consumer<Changes>> listeners = new CopyOnWriteArrayList<>();
    private final Thread thread = LastingThread.unstarted("portcullis-nics", this::run);

    /** Indices of the NICs. Of the thread alone. */
    private Set<Integer> known = new HashSet<>();

    private volatile @Nullable NetlinkEvents socket;
    private volatile String refusal = "";
    private volatile boolean closed;

    /** Listens to nothing before {@link #run}. */
    NicEvents() {}

    /** Listens from now on, in the network namespace of the calling thread. */
    public static NicEvents start() {
        NicEvents events = new NicEvents();
        events.thread.start();
        return events;
    }

    /** Why the kernel reports no changes at present; empty: it reports them. */
    public String refusal() {
        return refusal;
    }

    /** False: the thread has ended, and reports nothing. */
    public boolean isAlive() {
        return thread.isAlive();
    }

    /**
     * Tells all changes from now on.
     *
     * @param listener called on the thread of the events; it does not wait, and takes no lock that others hold for long
     */
    Registration register(Consumer<Changes> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    private void run() {
        while (!closed) {
            try {
                listen();
            } catch (ErrnoException refused) {
                if (closed) {
                    return;
                }
                String reason = String.valueOf(refused.getMessage());
                if (refusal.isEmpty()) {
                    LOG.error("the kernel reports no changes of NICs, they are checked every second: {}", reason);
                }
                refusal = reason;
                tell(Changes.ANY);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(RETRY_MS));
            }
        }
    }

    private void listen() throws ErrnoException {
        try (NetlinkEvents opened = open()) {
            Changes unseen = anew();
            refusal = "";
            tell(unseen);
            while (true) {
                opened.await(-1, this::read).ifPresent(this::tell);
            }
        }
    }

    /** Opens the socket. The first {@link #anew} or {@link #read} after that misses no change. */
    NetlinkEvents open() throws ErrnoException {
        NetlinkEvents opened = NetlinkEvents.open(GROUPS, GROUP_NAMES);
        socket = opened;
        if (closed) {
            opened.close();
        }
        return opened;
    }

    /** The socket at present; null: none was opened yet. */
    @Nullable
    NetlinkEvents socket() {
        return socket;
    }

    private void tell(Changes changes) {
        if (!changes.isEmpty()) {
            listeners.forEach(listener -> listener.accept(changes));
        }
    }

    /** The changes of the messages that have arrived. */
    Changes read(Netlink netlink) throws ErrnoException {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        Set<Integer> deleted = new TreeSet<>();
        try {
            for (int datagrams = 0; datagrams < DATAGRAMS; datagrams++) {
                for (Netlink.Message message : netlink.receive(Libc.MSG_DONTWAIT, "recv (" + GROUP_NAMES + ")")) {
                    note(message, kinds, deleted);
                }
            }
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENOBUFS) {
                // Messages queued before the loss are older than the state that is read now.
                NetlinkEvents.skip(netlink);
                return anew().and(new Changes(kinds, deleted));
            }
            if (refused.errno() != Errno.EAGAIN) {
                throw refused;
            }
        }
        return new Changes(kinds, deleted);
    }

    private void note(Netlink.Message message, Set<Kind> kinds, Set<Integer> deleted) {
        switch (message.type()) {
            case Netlink.RTM_NEWLINK, Netlink.RTM_DELLINK -> {
                // struct ifinfomsg. Bridges (family AF_BRIDGE) send to this group too: their DELLINK means "no longer
                // my port".
                if (message.body().get(0) != 0) {
                    return;
                }
                kinds.add(Kind.LINKS);
                int index = message.body().getInt(4);
                if (message.type() == Netlink.RTM_NEWLINK) {
                    known.add(index);
                } else {
                    known.remove(index);
                    deleted.add(index);
                }
            }
            case Netlink.RTM_NEWADDR, Netlink.RTM_DELADDR -> kinds.add(Kind.ADDRESSES);
            default -> kinds.add(Kind.FILTERS);
        }
    }

    /** Everything may have changed; the NICs that are gone since the last message are deleted. */
    private Changes anew() throws ErrnoException {
        Set<Integer> now = new HashSet<>();
        Nics.all().forEach(nic -> now.add(nic.index()));
        Set<Integer> gone = new TreeSet<>(known);
        gone.removeAll(now);
        known = now;
        return Changes.ANY.and(new Changes(Set.of(), gone));
    }

    /** Ends the thread. Once or more often, any thread. */
    @Override
    public void close() {
        closed = true;
        NetlinkEvents listening = socket;
        if (listening != null) {
            listening.close();
        }
        LockSupport.unpark(thread);
        try {
            if (thread.getState() != Thread.State.NEW && !thread.join(Duration.ofMillis(END_MS))) {
                LOG.warn("{} did not end in {} ms", thread.getName(), END_MS);
            }
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }
}
