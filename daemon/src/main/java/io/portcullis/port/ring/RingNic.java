package io.portcullis.port.ring;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.ethtool.Offloads;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.linux.netlink.NicEvents;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Registration;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.SendQueue;
import io.portcullis.port.DeafnessDetector;
import io.portcullis.port.LinkHeader;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One NIC and the ports of an interface's workers on it, one for each. Their sockets form a group, and the kernel spreads the
 * frames over them ({@link Steering}); a single port has no group.
 *
 * <p>A check of {@link NicChecks}, the <em>watch</em>, runs when a link has changed, and reads the kernel's counters of lost frames
 * every 20 ms, so that a blocked ring ({@link Ring#isBlocked}) is replaced that soon; only the watch reopens the NIC. Link down
 * and up, another name, MAC address or MTU do not affect the sockets. A NIC that left the namespace and came back, or was created
 * again, is another NIC, whatever its index: the kernel has unbound the sockets for good. The watch opens it for all ports, and
 * each event loop switches to its new ring ({@link RingPort#switchOver}). Binding the old sockets again would be simpler, but the
 * kernel refuses that for members of a group, and it would not free a blocked ring. No frame is received before the last port has
 * switched: until then a flow's frames would go to the wrong worker.
 */
final class RingNic {
    private static final Logger LOG = LoggerFactory.getLogger(RingNic.class);

    private static final int WATCH_MS = 1_000;

    /** Time between two checks for a blocked ring. */
    private static final int CHECK_MS = 20;

    /** Checks for a blocked ring in one round, which also reads the counters. */
    private static final int CHECKS_A_ROUND = WATCH_MS / CHECK_MS;

    /** Rounds without an rtnetlink message after which the watch reads the link anyway. */
    private static final int QUIET_ROUNDS = 10;

    /** Failed checks in a row after which the ports' state reports it. */
    private static final int FAILED_CHECKS = 3;

    /** The offloads that cut super-frames of TCP; where one is off, the kernel has to cut them. */
    private static final List<String> CUTTING = List.of("tx-tcp-segmentation", "tx-tcp6-segmentation");

    /** The offload that cuts super-frames of UDP; where it is on, datagrams of one flow are sent as one. */
    private static final String CUTTING_DATAGRAMS = "tx-udp-segmentation";

    private final String name;
    private final Steering steering;
    private final PacketSocket.SocketOptions options;
    private final @Nullable Tap tap;
    private final @Nullable NicChecks checks;
    private final List<RingPort> ports = new ArrayList<>();

    private volatile PortState state;
    private volatile int mtuLength;
    private volatile int longestLinkHeader;
    private volatile boolean movesOuterTag;

    /** A whole packet under two tags has come, and the NIC does not carry it without {@link OuterTag}. */
    private volatile boolean outerTagWanted;

    private volatile boolean cutsSuperFrames;
    private volatile boolean cutsDatagrams;

    // Guarded by the lock.
    private Nic nic;
    private List<Ring> rings;
    private DeafnessDetector deafness = new DeafnessDetector();
    private int startedPorts;
    private int closedPorts;
    private boolean startRefused;
    private boolean outerTagRefused;
    private boolean blocked;
    private @Nullable Registration watching;

    // Used by the watch only.
    private List<String> loggedMissing = List.of();
    private int failedChecks;
    private int quietRounds;
    private int checksLeft;
    private boolean mustReadLink = true;

    private RingNic(
            Nic nic,
            @Nullable Tap tap,
            Steering steering,
            PacketSocket.SocketOptions options,
            List<Ring> rings,
            Sender.Transmission transmission,
            @Nullable NicChecks checks) {
        this.name = nic.name();
        this.tap = tap;
        this.steering = steering;
        this.options = options;
        this.nic = nic;
        this.rings = rings;
        this.checks = checks;
        measure();
        this.state = PortState.of(name, nic.up(), nic.carrier());
        for (Ring ring : rings) {
            ports.add(new RingPort(this, ring, transmission));
        }
    }

    /** As {@link RingPort#open}. */
    static List<RingPort> open(
            String name, @Nullable Tap tap, Steering steering, PacketSocket.SocketOptions options, NicChecks checks)
            throws PortException {
        try {
            Nic nic = Nics.named(name);
            if (!nic.ethernet()) {
                throw new PortException(name + ": not an Ethernet interface (hardware type " + nic.hardwareType()
                        + "); ports are Ethernet only");
            }
            List<Ring> rings = openRings(nic, tap, steering, options);
            RingNic opened = new RingNic(nic, tap, steering, options, rings, SendQueue::send, checks);
            opened.chooseSendPath();
            return List.copyOf(opened.ports);
        } catch (ErrnoException refused) {
            throw new PortException(explain(name, refused), refused);
        }
    }

    /** A port without a NIC and without a watch, for a {@link RingRehearsal}. */
    static RingPort rehearsal(Nic nic, Ring ring, Sender.Transmission transmission) {
        RingNic rehearsal = new RingNic(
                nic, null, Steering.SINGLE, PacketSocket.SocketOptions.ALONE, List.of(ring), transmission, null);
        rehearsal.cutsSuperFrames = true;
        rehearsal.cutsDatagrams = true;
        return rehearsal.ports.getFirst();
    }

    /** One ring for each worker, in their order. */
    private static List<Ring> openRings(
            Nic nic, @Nullable Tap tap, Steering steering, PacketSocket.SocketOptions options) throws ErrnoException {
        List<Ring> rings = new ArrayList<>();
        boolean done = false;
        try {
            PacketSocket.RingGeometry geometry = Geometry.of(steering.workers());
            for (int i = 0; i < steering.workers(); i++) {
                rings.add(Ring.open(nic, tap, geometry, options));
            }
            if (rings.size() > 1) {
                int group = rings.getFirst().socket().createGroup(steering.program());
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

    /** Called under the lock. */
    private PortState stateOf(Nic of) {
        PortState link = PortState.of(of.name(), of.up(), of.carrier());
        return deafness.isDeaf() && link.equals(PortState.FORWARDING) ? PortState.deaf(of.name()) : link;
    }

    String name() {
        return name;
    }

    /** On which its frames are received; null: on the NIC. */
    @Nullable
    Tap tap() {
        return tap;
    }

    PortState state() {
        return state;
    }

    int mtuLength() {
        return mtuLength;
    }

    /** Bytes before layer 3 that the NIC carries in front of a packet as long as the MTU. */
    int longestLinkHeader() {
        return longestLinkHeader;
    }

    /** True: {@link OuterTag} is there for frames with more than one tag's length beyond the MTU. */
    boolean movesOuterTag() {
        return movesOuterTag;
    }

    /** The watch attaches {@link OuterTag} where it can. On the event loop. */
    void wantOuterTag() {
        if (!outerTagWanted && options.mayBypassQdisc()) {
            outerTagWanted = true;
        }
    }

    private synchronized void attachOuterTag() {
        if (outerTagRefused || closedPorts > 0 || startedPorts < ports.size()) {
            return;
        }
        Optional<OuterTag> attached = OuterTag.attach(nic);
        attached.ifPresent(program -> rings.forEach(ring -> ring.share(program)));
        outerTagRefused = attached.isEmpty();
        measure();
    }

    private void measure() {
        mtuLength = nic.mtu();
        movesOuterTag = rings.getFirst().movesOuterTag();
        longestLinkHeader = movesOuterTag ? LinkHeader.LONGEST : LinkHeader.longest(nic);
        if (tap != null) {
            tap.carries(mtuLength);
        }
    }

    /** True: sent frames bypass the NIC's qdisc. */
    boolean bypassesQdisc() {
        return cutsSuperFrames && options.mayBypassQdisc();
    }

    boolean cutsDatagrams() {
        return cutsDatagrams;
    }

    /** A port has begun to read from this ring. The last port makes all sockets receive. */
    synchronized void started(Ring ring) {
        if (!rings.contains(ring) || checks == null || closedPorts > 0) {
            return;
        }
        startedPorts++;
        if (startedPorts < ports.size()) {
            return;
        }
        try {
            for (Ring opened : rings) {
                opened.startReceiving();
            }
            outerTagRefused = false;
            measure();
            changeTo(stateOf(nic));
        } catch (ErrnoException refused) {
            startRefused = true;
            changeTo(new PortState.NotForwarding(explain(name, refused)));
        }
        if (watching == null) {
            watching = checks.add(Set.of(NicEvents.Kind.LINKS), this::watch);
        }
    }

    /** A port is being closed: from now on the watch does not use the rings. */
    synchronized void portClosed() {
        closedPorts++;
    }

    /** Ends the watch if all ports are closed. */
    void endWatch() {
        Registration ended;
        synchronized (this) {
            ended = watching;
            if (closedPorts < ports.size() || ended == null) {
                return;
            }
        }
        ended.close();
    }

    /** Milliseconds until the next call. */
    private long watch(NicEvents.Changes changes) {
        try {
            if (changes.links()) {
                mustReadLink = true;
            }
            if (outerTagWanted && !movesOuterTag) {
                attachOuterTag();
            }
            if (!mustReadLink && checksLeft > 0 && !isBlocked()) {
                checksLeft--;
                return CHECK_MS;
            }
            boolean readLink = mustReadLink || quietRounds >= QUIET_ROUNDS || !state.equals(PortState.FORWARDING);
            mustReadLink = true;
            check(readLink);
            mustReadLink = false;
            quietRounds = readLink ? 0 : quietRounds + 1;
            checksLeft = CHECKS_A_ROUND - 1;
            failedChecks = 0;
            return CHECK_MS;
        } catch (ErrnoException refused) {
            failedChecks++;
            if (failedChecks == FAILED_CHECKS) {
                changeTo(new PortState.NotForwarding(
                        name + ": the link state is unknown, the link can't be watched: " + refused.getMessage()));
            }
            mustReadLink = true;
            return WATCH_MS;
        }
    }

    private synchronized boolean isBlocked() throws ErrnoException {
        blocked = closedPorts == 0 && startedPorts == ports.size() && areBlocked();
        return blocked;
    }

    private boolean areBlocked() throws ErrnoException {
        boolean any = false;
        for (Ring ring : rings) {
            any |= ring.isBlocked();
        }
        return any;
    }

    /**
     * Reads the kernel's counters and the state of the NIC.
     *
     * @param readLink false: reads the state only where something is wrong
     */
    private void check(boolean readLink) throws ErrnoException {
        Optional<Nic> toOpen = Optional.empty();
        synchronized (this) {
            if (closedPorts > 0) {
                return;
            }
            boolean switching = startedPorts < ports.size();
            boolean bound = areBound();
            boolean reopen = bound && !switching && mustReopen();
            if (readLink || !bound || reopen) {
                Optional<Nic> found = find(bound);
                if (found.isEmpty()) {
                    changeTo(PortState.gone(name));
                } else if (!bound || reopen) {
                    toOpen = found;
                    if (!bound) {
                        changeTo(new PortState.NotForwarding(name + " is another NIC than before; opening it"));
                    }
                } else {
                    nic = found.get();
                    if (!switching) {
                        updateMtu(nic);
                        chooseSendPath();
                        changeTo(stateOf(nic));
                    }
                }
            }
            if (!bound) {
                deafness = new DeafnessDetector();
            }
        }
        ports.forEach(RingPort::logFirstLosses);
        if (toOpen.isPresent()) {
            reopen(toOpen.get());
        }
        ports.forEach(RingPort::announce);
    }

    private boolean areBound() throws ErrnoException {
        for (Ring ring : rings) {
            if (!ring.socket().isBound()) {
                return false;
            }
        }
        return true;
    }

    /** The open NIC, whatever its name now; where it is gone, another NIC of the same name. */
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

    /** True: a ring is blocked, the ports are deaf ({@link DeafnessDetector}), or a socket could not start to receive. */
    private boolean mustReopen() throws ErrnoException {
        boolean reopen = areBlocked() || blocked;
        blocked = false;
        boolean received = false;
        for (Ring ring : rings) {
            received |= ring.takeReceived();
        }
        return updateDeafness(received) || reopen || startRefused;
    }

    /** True: the ports are deaf and have to reopen the NIC now. */
    private boolean updateDeafness(boolean received) throws ErrnoException {
        boolean wasDeaf = deafness.isDeaf();
        boolean reopen = false;
        if (received) {
            deafness.received();
        } else {
            // The NIC's own counter also has the frames that programs forward.
            reopen = deafness.receivedNothing(tap == null ? Nics.receivedFrames(nic.index()) : tap.sentUp());
        }
        if (deafness.isDeaf() != wasDeaf) {
            changeTo(stateOf(nic));
        }
        return reopen;
    }

    private void reopen(Nic found) {
        List<Ring> opened;
        try {
            opened = openRings(found, tap, steering, options);
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
            startedPorts = 0;
            startRefused = false;
            for (int i = 0; i < opened.size(); i++) {
                ports.get(i).offer(opened.get(i));
            }
            chooseSendPath();
        }
    }

    /** Frames bypass the NIC's qdisc, which is faster, where the NIC cuts super-frames itself; else they pass through it. */
    private void chooseSendPath() {
        List<String> active = activeOffloads();
        List<String> missing =
                CUTTING.stream().filter(feature -> !active.contains(feature)).toList();
        if (options.mayBypassQdisc() && !missing.isEmpty() && !missing.equals(loggedMissing)) {
            LOG.info(
                    "{}: {} off: frames are sent through its qdisc, where the kernel cuts super-frames",
                    name,
                    String.join(", ", missing));
        }
        loggedMissing = missing;
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

    private void updateMtu(Nic found) {
        if (found.mtu() != mtuLength) {
            LOG.info("{}: MTU {} (was {})", name, found.mtu(), mtuLength);
            measure();
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
