package io.portcullis.service;

import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.intercept.Bridge;
import io.portcullis.intercept.InterceptException;
import io.portcullis.intercept.Restored;
import io.portcullis.linux.ErrnoException;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import io.portcullis.port.pcap.PcapPort;
import io.portcullis.port.ring.RingPort;
import io.portcullis.port.ring.Steering;
import io.portcullis.worker.Worker;
import io.portcullis.worker.Workers;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One interface of the configuration while it is guarded: its NICs made ready, its workers. */
final class GuardedInterface implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedInterface.class);

    private volatile Interface attachment;
    private final Bridge bridge;
    private final Workers workers;
    private final Datapath datapath;
    private volatile @Nullable LinkFollower follower;
    private boolean started;

    private GuardedInterface(Interface attachment, Datapath datapath, Bridge bridge, Workers workers) {
        this.attachment = attachment;
        this.datapath = datapath;
        this.bridge = bridge;
        this.workers = workers;
    }

    /**
     * Makes the NICs ready and opens them; no frame passes before {@link #start}.
     *
     * @param state folder for what must be put back
     * @throws StartException if something is in the way; then everything is as before
     */
    static GuardedInterface open(Interface attachment, Policy policy, Path state, DropLog drops, Cores cores)
            throws StartException {
        if (attachment.datapath() != Datapath.AUTO) {
            return open(attachment, attachment.datapath(), policy, state, drops, cores);
        }
        try {
            return open(attachment, Datapath.RING, policy, state, drops, cores);
        } catch (NoRing refused) {
            LOG.warn("{}; libpcap is used instead (datapath: pcap), which is far slower", refused.getMessage());
        }
        return open(attachment, Datapath.PCAP, policy, state, drops, cores);
    }

    /** The NICs are fit, and their rings can't be opened. */
    private static final class NoRing extends StartException {
        NoRing(List<String> faults) {
            super(faults);
        }
    }

    private static GuardedInterface open(
            Interface attachment, Datapath datapath, Policy policy, Path state, DropLog drops, Cores cores)
            throws StartException {
        String name = attachment.name();
        boolean ring = datapath == Datapath.RING;
        Mode.Bridge mode = (Mode.Bridge) attachment.mode();
        Bridge bridge;
        try {
            bridge = Bridge.attach(name, mode.outside(), mode.inside(), ring, state);
        } catch (InterceptException e) {
            throw new StartException(e.faults());
        }
        bridge.notes().forEach(note -> LOG.info("{}: {}", name, note));
        int seed = new SecureRandom().nextInt();
        Steering steering = new Steering(ring ? attachment.workers(cores.count()) : 1, seed);
        List<Port> opened = new ArrayList<>();
        try {
            List<? extends Port> outside = open(ring, mode.outside(), steering);
            opened.addAll(outside);
            List<? extends Port> inside = open(ring, mode.inside(), steering);
            Workers workers = Workers.of(
                    name,
                    policy,
                    seed,
                    outside,
                    inside,
                    _ -> ring ? cores.life(attachment.busyPoll()) : Worker.Life.PLAIN,
                    taken -> drops.write(name, taken));
            return new GuardedInterface(attachment, datapath, bridge, workers);
        } catch (PortException e) {
            opened.forEach(Port::close);
            log(name, bridge.detach());
            List<String> faults = List.of(name + ": " + e.getMessage());
            throw ring ? new NoRing(faults) : new StartException(faults);
        }
    }

    private static List<? extends Port> open(boolean ring, String nic, Steering steering) throws PortException {
        return ring ? RingPort.open(nic, steering) : List.of(PcapPort.open(nic));
    }

    void start() {
        workers.start();
        started = true;
        followLinks();
    }

    /** The same NICs, as a new configuration describes them. */
    void describe(Interface next) {
        attachment = next;
        followLinks();
    }

    /** Starts or ends what {@code link-state} asks for. */
    private void followLinks() {
        LinkFollower running = follower;
        Mode.Bridge mode = (Mode.Bridge) attachment.mode();
        if (mode.followLinkState() == (running != null)) {
            return;
        }
        if (running != null) {
            follower = null;
            running.close();
            return;
        }
        try {
            follower = LinkFollower.start(attachment.name(), mode.outside(), mode.inside(), bridge);
        } catch (ErrnoException refused) {
            LOG.error("{}: a lost carrier is not passed on: {}", attachment.name(), refused.getMessage());
        }
    }

    Interface attachment() {
        return attachment;
    }

    Workers workers() {
        return workers;
    }

    /** How frames get in and out now; never {@link Datapath#AUTO}. */
    Datapath datapath() {
        return datapath;
    }

    /** Why another description of this interface can't be taken up while it is guarded; empty: it can. */
    List<String> needsRestart(Interface next, Cores cores) {
        String where = next.place() + ": " + next.name() + ": ";
        List<String> reasons = new ArrayList<>();
        if (!attachment.mode().key().equals(next.mode().key())) {
            reasons.add(where + "another mode needs a restart (now "
                    + attachment.mode().key() + ")");
        } else if (!attachment.mode().nics().equals(next.mode().nics())) {
            reasons.add(where + "another NIC needs a restart (now "
                    + String.join(" and ", attachment.mode().nics()) + ")");
        }
        boolean fits = next.datapath() == datapath
                || next.datapath() == Datapath.AUTO
                        && (datapath == Datapath.RING || attachment.datapath() == Datapath.AUTO);
        if (!fits) {
            reasons.add(where + "another datapath needs a restart (now " + datapath.key() + ")");
        } else if (datapath == Datapath.RING && next.workers(cores.count()) != workers.count()) {
            reasons.add(where + "another number of workers needs a restart (now " + workers.count() + ")");
        }
        if (next.busyPoll() != attachment.busyPoll()) {
            reasons.add(where + "busy-poll needs a restart (now " + attachment.busyPoll() + ")");
        }
        return reasons;
    }

    /** Why frames cannot pass; empty while they can. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Port port : workers.ports()) {
            switch (port.state()) {
                case PortState.Forwarding() -> {
                    // Nothing to tell.
                }
                case PortState.NotForwarding(String reason) ->
                    problems.add(attachment.name() + ": " + reason
                            + (isHeld(port) ? " (held down: the other side has no carrier)" : ""));
            }
        }
        return problems;
    }

    private boolean isHeld(Port port) {
        LinkFollower running = follower;
        return running != null && port.nic().equals(running.held());
    }

    /** Ends the traffic and gives the NICs back as they were. */
    @Override
    public void close() {
        LinkFollower running = follower;
        if (running != null) {
            follower = null;
            running.close();
        }
        if (started) {
            workers.close();
        } else {
            workers.discard();
        }
        log(attachment.name(), bridge.detach());
    }

    private static void log(String name, Restored restored) {
        restored.lines().forEach(line -> LOG.info("{}: {}", name, line));
        restored.faults().forEach(fault -> LOG.error("{}: {}", name, fault));
    }
}
