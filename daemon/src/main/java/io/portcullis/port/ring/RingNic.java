package io.portcullis.port.ring;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.LastingThread;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.netlink.LinkWatch;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.SendQueue;
import io.portcullis.port.Hearing;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One NIC and the ports that the workers of an interface have on it, one each. Their sockets form a group, and the kernel
 * gives each its share of the frames ({@link Steering}); a single port has no group.
 *
 * <p>A thread, the <em>watch</em>, waits for what rtnetlink tells of the NIC, and reads the kernel's counts of lost frames
 * every 20 ms, so that a ring that is blocked ({@link Ring#isBlocked}) stays so for no longer; it alone opens
 * the NIC. Link down and up, another name, MAC address or MTU are nothing to the sockets. A NIC
 * that left the namespace and came back, or was made again, is another NIC, whatever its index: the kernel has unbound the
 * sockets for good. The watch opens it for all ports, and each event loop goes over to it ({@link RingPort#moveOn}). To bind
 * the old sockets to it would be simpler, and is refused to members of a group; nor would it free a ring that is blocked (see
 * {@link Ring#isBlocked}). No frame comes in before the last port has gone over: else a flow's frames would go to
 * whoever is there.
 */
final class RingNic {
    private static final Logger LOG = LoggerFactory.getLogger(RingNic.class);

    private static final int WATCH_MS = 1_000;

    /** Between two looks whether a ring is blocked. */
    private static final int LOOK_MS = 20;

    /** After so many rounds without news it asks all the same. */
    private static final int QUIET_ROUNDS = 10;

    /** So often in a row the watch may fail to look before the ports' state says so. */
    private static final int FAILED_LOOKS = 3;

    private static final long END_MS = 2_000;

    /** Where one of these is off, the kernel has to cut the super-frames of TCP for the NIC. */
    private static final List<String> CUTTING = List.of("tx-tcp-segmentation", "tx-tcp6-segmentation");

    /** Where this one is on, datagrams of one flow are sent as one super-frame. */
    private static final String CUTTING_DATAGRAMS = "tx-udp-segmentation";

    private final String name;
    private final Steering steering;
    private final PacketSocket.SocketOptions options;
    private final @Nullable LinkWatch links;
    private final Thread watch;
    private final List<RingPort> ports = new ArrayList<>();

    private volatile PortState state;
    private volatile int mtuLength;
    private volatile int longestLinkHeader;
    private volatile boolean cutsSuperFrames;
    private volatile boolean cutsDatagrams;

    // Under the lock.
    private Nic nic;
    private List<Ring> rings;
    private Hearing hearing = new Hearing();
    private int arrived;
    private int closedPorts;
    private boolean admissionRefused;
    private boolean blocked;

    // The watch's own.
    private List<String> namedMissing = List.of();

    private RingNic(
            Nic nic,
            Steering steering,
            PacketSocket.SocketOptions options,
            List<Ring> rings,
            Sender.Transmission transmission,
            @Nullable LinkWatch links) {
        this.name = nic.name();
        this.steering = steering;
        this.options = options;
        this.nic = nic;
        this.rings = rings;
        this.links = links;
        this.mtuLength = nic.mtu();
        this.longestLinkHeader = longestLinkHeader(nic);
        this.state = PortState.of(name, nic.up(), nic.carrier());
        for (Ring ring : rings) {
            ports.add(new RingPort(this, ring, transmission));
        }
        this.watch = LastingThread.unstarted("portcullis-watch-" + name, () -> {
            if (links != null) {
                watch(links);
            }
        });
    }

    /** As {@link RingPort#open(String, Steering, PacketSocket.SocketOptions)}. */
    static List<RingPort> open(String name, Steering steering, PacketSocket.SocketOptions options)
            throws PortException {
        LinkWatch links = null;
        RingNic opened = null;
        try {
            links = LinkWatch.open();
            Nic nic = Nics.named(name);
            if (!nic.ethernet()) {
                throw new PortException(name + ": not an Ethernet interface (hardware type " + nic.hardwareType()
                        + "); ports are Ethernet only");
            }
            List<Ring> rings = openRings(nic, steering, options);
            opened = new RingNic(nic, steering, options, rings, SendQueue::send, links);
            opened.chooseWayOut();
            return List.copyOf(opened.ports);
        } catch (ErrnoException refused) {
            throw new PortException(explain(name, refused), refused);
        } finally {
            if (opened == null && links != null) {
                links.close();
            }
        }
    }

    /** A port on no NIC, for a {@link RingRehearsal}: nobody watches it. */
    static RingPort rehearsal(Nic nic, Ring ring, Sender.Transmission transmission) {
        RingNic rehearsal =
                new RingNic(nic, Steering.SINGLE, PacketSocket.SocketOptions.ALONE, List.of(ring), transmission, null);
        rehearsal.cutsSuperFrames = true;
        rehearsal.cutsDatagrams = true;
        return rehearsal.ports.getFirst();
    }

    /** One for each worker, in the workers' order. */
    private static List<Ring> openRings(Nic nic, Steering steering, PacketSocket.SocketOptions options)
            throws ErrnoException {
        List<Ring> rings = new ArrayList<>();
        boolean done = false;
        try {
            PacketSocket.RingGeometry geometry = Ring.geometry(steering.workers());
            for (int i = 0; i < steering.workers(); i++) {
                rings.add(Ring.open(nic, geometry, options));
            }
            if (rings.size() > 1) {
                int group = rings.getFirst().socket().foundGroup(steering.program());
                for (Ring ring : rings.subList(1, rings.size())) {
                    ring.socket().joinGroup(group);
                }
            }
            done = true;
            return rings;
        } finally {
            if (!done) {
                rings.forEach(Ring::close);
            }
        }
    }

    private static String explain(String nic, ErrnoException refused) {
        return switch (refused.errno()) {
            case Errno.ENODEV -> nic + ": no such network interface; `ip link` lists those that there are";
            case Errno.EPERM ->
                nic + ": no privilege to open a packet socket; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN";
            case Errno.ENOPROTOOPT -> nic + ": this kernel is too old for datapath ring: " + refused.getMessage();
            default -> nic + ": " + refused.getMessage();
        };
    }

    /** Under the lock. */
    private PortState stateOf(Nic of) {
        PortState link = PortState.of(of.name(), of.up(), of.carrier());
        return hearing.isDeaf() && link.equals(PortState.FORWARDING) ? PortState.deaf(of.name()) : link;
    }

    String name() {
        return name;
    }

    PortState state() {
        return state;
    }

    int mtuLength() {
        return mtuLength;
    }

    /** Bytes before layer 3 of the longest frame that the NIC carries, if its packet is as long as the MTU. */
    int longestLinkHeader() {
        return longestLinkHeader;
    }

    /** A veth drops what is more than one tag too long, and tells nobody ({@code is_skb_forwardable}, net/core/dev.c). */
    private static int longestLinkHeader(Nic nic) {
        return nic.kind().equals("veth") ? Ring.LINK_HEADER_WITH_TAG : Ring.LONGEST_LINK_HEADER;
    }

    /** True: what is sent goes past the NIC's qdisc. */
    boolean bypassesQdisc() {
        return cutsSuperFrames && options.mayBypassQdisc();
    }

    boolean cutsDatagrams() {
        return cutsDatagrams;
    }

    /** A port has begun to read from this ring. The last one lets frames in. */
    synchronized void arrived(Ring ring) {
        if (!rings.contains(ring) || links == null || closedPorts > 0) {
            return;
        }
        arrived++;
        if (arrived < ports.size()) {
            return;
        }
        try {
            for (Ring each : rings) {
                each.admit();
            }
            mtuLength = nic.mtu();
            longestLinkHeader = longestLinkHeader(nic);
            changeTo(stateOf(nic));
        } catch (ErrnoException refused) {
            admissionRefused = true;
            changeTo(new PortState.NotForwarding(explain(name, refused)));
        }
        if (watch.getState() == Thread.State.NEW) {
            watch.start();
        }
    }

    /** A port is being closed: from now on the watch leaves the rings alone. */
    synchronized void portIsClosed() {
        closedPorts++;
    }

    /** Ends the watch, where all ports are closed. */
    void endWatch() {
        synchronized (this) {
            if (closedPorts < ports.size()) {
                return;
            }
        }
        if (links == null) {
            return;
        }
        links.close();
        try {
            watch.join(END_MS);
        } catch (InterruptedException asked) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch(LinkWatch news) {
        int failed = 0;
        int quietRounds = 0;
        boolean linkToo = true;
        while (true) {
            try {
                if (!look(linkToo)) {
                    return;
                }
                quietRounds = linkToo ? 0 : quietRounds + 1;
                boolean quiet = isQuiet(news);
                linkToo = !quiet || quietRounds >= QUIET_ROUNDS || !state.equals(PortState.FORWARDING);
                failed = 0;
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ECANCELED) {
                    return;
                }
                failed++;
                if (failed == FAILED_LOOKS) {
                    changeTo(new PortState.NotForwarding(
                            name + ": nobody knows whether frames pass: its link can't be watched: "
                                    + refused.getMessage()));
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(WATCH_MS));
                linkToo = true;
            }
        }
    }

    /** Waits; false where rtnetlink has told something, true where it is time for a look, or where a ring is blocked. */
    private boolean isQuiet(LinkWatch news) throws ErrnoException {
        for (int ms = 0; ms < WATCH_MS; ms += LOOK_MS) {
            if (!news.next(LOOK_MS).isEmpty()) {
                return false;
            }
            synchronized (this) {
                blocked = closedPorts == 0 && arrived == ports.size() && areBlocked();
                if (blocked || closedPorts > 0) {
                    return true;
                }
            }
        }
        return true;
    }

    private boolean areBlocked() throws ErrnoException {
        boolean any = false;
        for (Ring ring : rings) {
            any |= ring.isBlocked();
        }
        return any;
    }

    /**
     * Reads the kernel's counts, and asks what has become of the NIC.
     *
     * @param linkToo false: asks only where something is wrong
     * @return false: the ports are closed
     */
    private boolean look(boolean linkToo) throws ErrnoException {
        Optional<Nic> toOpen = Optional.empty();
        synchronized (this) {
            if (closedPorts > 0) {
                return closedPorts < ports.size();
            }
            boolean moving = arrived < ports.size();
            boolean bound = areBound();
            boolean anew = bound && !moving && mustBeOpenedAnew();
            if (linkToo || !bound || anew) {
                Optional<Nic> found = find(bound);
                if (found.isEmpty()) {
                    changeTo(PortState.gone(name));
                } else if (!bound || anew) {
                    toOpen = found;
                    if (!bound) {
                        changeTo(new PortState.NotForwarding(name + " is another NIC than before; it is being opened"));
                    }
                } else {
                    nic = found.get();
                    if (!moving) {
                        noteMtu(nic);
                        chooseWayOut();
                        changeTo(stateOf(nic));
                    }
                }
            }
            if (!bound) {
                hearing = new Hearing();
            }
        }
        ports.forEach(RingPort::nameLosses);
        if (toOpen.isPresent()) {
            reopen(toOpen.get());
        }
        ports.forEach(RingPort::announce);
        return true;
    }

    private boolean areBound() throws ErrnoException {
        for (Ring ring : rings) {
            if (!ring.socket().isBound()) {
                return false;
            }
        }
        return true;
    }

    /** The NIC that we have, whatever it is called now; where it is gone, another one of its name. */
    private Optional<Nic> find(boolean bound) throws ErrnoException {
        if (!bound) {
            return Nics.find(name);
        }
        try {
            return Optional.of(Nics.indexed(nic.index()));
        } catch (ErrnoException refused) {
            if (refused.errno() != Errno.ENODEV) {
                throw refused;
            }
            return Optional.empty();
        }
    }

    /** True where a ring is blocked, the ports are deaf ({@link Hearing}), or frames were not let in. */
    private boolean mustBeOpenedAnew() throws ErrnoException {
        boolean anew = areBlocked() || blocked;
        blocked = false;
        boolean heard = false;
        for (Ring ring : rings) {
            heard |= ring.takeHeard();
        }
        return judgeHearing(heard) || anew || admissionRefused;
    }

    /** True: the ports are deaf, and it is time to open the NIC anew. */
    private boolean judgeHearing(boolean heard) throws ErrnoException {
        boolean wasDeaf = hearing.isDeaf();
        boolean anew = false;
        if (heard) {
            hearing.heard();
        } else {
            anew = hearing.heardNothing(Nics.receivedFrames(nic.index()));
        }
        if (hearing.isDeaf() != wasDeaf) {
            changeTo(stateOf(nic));
        }
        return anew;
    }

    private void reopen(Nic found) {
        List<Ring> opened;
        try {
            opened = openRings(found, steering, options);
        } catch (ErrnoException refused) {
            changeTo(new PortState.NotForwarding(explain(name, refused)));
            return;
        }
        synchronized (this) {
            if (closedPorts > 0) {
                opened.forEach(Ring::close);
                return;
            }
            nic = found;
            rings = opened;
            arrived = 0;
            admissionRefused = false;
            for (int i = 0; i < opened.size(); i++) {
                ports.get(i).offer(opened.get(i));
            }
            chooseWayOut();
        }
    }

    /** Past the NIC's qdisc, which spares time, where the NIC cuts super-frames itself; else through it. */
    private void chooseWayOut() {
        List<String> active = activeOffloads();
        List<String> missing =
                CUTTING.stream().filter(feature -> !active.contains(feature)).toList();
        if (options.mayBypassQdisc() && !missing.isEmpty() && !missing.equals(namedMissing)) {
            LOG.info(
                    "{}: {} off: what is sent goes through its qdisc, where the kernel cuts super-frames",
                    name,
                    String.join(", ", missing));
        }
        namedMissing = missing;
        cutsSuperFrames = missing.isEmpty();
        cutsDatagrams = cutsSuperFrames && active.contains(CUTTING_DATAGRAMS);
        rings.forEach(ring -> ring.bypassQdisc(bypassesQdisc()));
    }

    private List<String> activeOffloads() {
        try {
            return Offloads.read(nic.name()).names(Offloads.Feature::active);
        } catch (ErrnoException refused) {
            LOG.debug("{}: offloads are unknown", name, refused);
            return List.of();
        }
    }

    private void noteMtu(Nic found) {
        if (found.mtu() != mtuLength) {
            LOG.info("{}: MTU {} (was {})", name, found.mtu(), mtuLength);
            mtuLength = found.mtu();
        }
    }

    private synchronized void changeTo(PortState next) {
        if (next.equals(state)) {
            return;
        }
        state = next;
        switch (next) {
            case PortState.Forwarding _ -> LOG.info("{} forwards again", name);
            case PortState.NotForwarding(String reason) -> LOG.warn("no frame passes: {}", reason);
        }
    }
}
