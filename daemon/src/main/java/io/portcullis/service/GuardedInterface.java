package io.portcullis.service;

import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
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
import io.portcullis.worker.Worker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One interface of the configuration while it is guarded: its NICs made ready, its worker. */
final class GuardedInterface implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedInterface.class);

    private volatile Interface attachment;
    private final Bridge bridge;
    private final Worker worker;
    private volatile @Nullable LinkFollower follower;
    private boolean started;

    private GuardedInterface(Interface attachment, Bridge bridge, Worker worker) {
        this.attachment = attachment;
        this.bridge = bridge;
        this.worker = worker;
    }

    /**
     * Makes the NICs ready and opens them; no frame passes before {@link #start}.
     *
     * @param state folder for what must be put back
     * @throws StartException if something is in the way; then everything is as before
     */
    static GuardedInterface open(Interface attachment, Policy policy, Path state, DropLog drops) throws StartException {
        String name = attachment.name();
        Datapath datapath = attachment.datapath().resolved();
        Bridge bridge;
        try {
            bridge = Bridge.attach(name, attachment.outside(), attachment.inside(), datapath == Datapath.RING, state);
        } catch (InterceptException e) {
            throw new StartException(e.faults());
        }
        bridge.notes().forEach(note -> LOG.info("{}: {}", name, note));
        List<Port> opened = new ArrayList<>();
        try {
            opened.add(open(datapath, attachment.outside()));
            opened.add(open(datapath, attachment.inside()));
        } catch (PortException e) {
            opened.forEach(Port::close);
            log(name, bridge.detach());
            throw new StartException(List.of(name + ": " + e.getMessage()));
        }
        Worker worker =
                new Worker(name, policy, opened.getFirst(), opened.getLast(), taken -> drops.write(name, taken));
        return new GuardedInterface(attachment, bridge, worker);
    }

    private static Port open(Datapath datapath, String nic) throws PortException {
        return datapath == Datapath.RING ? RingPort.open(nic) : PcapPort.open(nic);
    }

    void start() {
        worker.start();
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
        if (attachment.followLinkState() == (running != null)) {
            return;
        }
        if (running != null) {
            follower = null;
            running.close();
            return;
        }
        try {
            follower = LinkFollower.start(attachment.name(), attachment.outside(), attachment.inside(), bridge);
        } catch (ErrnoException refused) {
            LOG.error("{}: a lost carrier is not passed on: {}", attachment.name(), refused.getMessage());
        }
    }

    Interface attachment() {
        return attachment;
    }

    Worker worker() {
        return worker;
    }

    /** How frames get in and out now. */
    Datapath datapath() {
        return attachment.datapath().resolved();
    }

    /** Why frames cannot pass; empty while they can. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        for (Port port : List.of(worker.outside(), worker.inside())) {
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
            worker.close();
        } else {
            worker.discard();
        }
        log(attachment.name(), bridge.detach());
    }

    private static void log(String name, Restored restored) {
        restored.lines().forEach(line -> LOG.info("{}: {}", name, line));
        restored.faults().forEach(fault -> LOG.error("{}: {}", name, fault));
    }
}
