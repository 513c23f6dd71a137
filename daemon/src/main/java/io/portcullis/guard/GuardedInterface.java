package io.portcullis.guard;

import io.portcullis.config.Datapath;
import io.portcullis.config.Drops;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.OnFailure;
import io.portcullis.config.PacketMark;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.flowstore.TableException;
import io.portcullis.flowstore.TableSet;
import io.portcullis.intercept.Bridge;
import io.portcullis.intercept.InterceptException;
import io.portcullis.intercept.Interception;
import io.portcullis.intercept.Restored;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Cidr;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One interface of the configuration while it is guarded: its NICs taken, its workers. */
public final class GuardedInterface {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedInterface.class);

    public static final long INSTALL_TIMEOUT_MS = 5_000;

    /**
     * What all interfaces of a daemon have in common.
     *
     * @param state folder for what must be put back
     * @param flows folder for the flow tables
     * @param owner for others who want the same NICs: who we are
     */
    public record InterfaceContext(Path state, Path flows, PacketMark mark, String owner, DropLog drops, Cores cores) {}

    private volatile Interface attachment;
    private final Interception interception;
    private final Workers workers;
    private final TableSet flows;
    private final Datapath datapath;
    private volatile List<Integer> late = List.of();
    private volatile @Nullable LinkFollower follower;
    private volatile @Nullable InterceptionMonitor keeper;
    private boolean started;

    private GuardedInterface(
            Interface attachment, Datapath datapath, Interception interception, TableSet flows, Workers workers) {
        this.attachment = attachment;
        this.datapath = datapath;
        this.interception = interception;
        this.flows = flows;
        this.workers = workers;
    }

    /**
     * Makes the NICs ready and opens them; nothing is kept from anybody before {@link #engage}, and no frame passes before
     * {@link #start}.
     *
     * @throws StartException if something is in the way; then everything is as before
     */
    public static GuardedInterface open(Interface attachment, Policy policy, InterfaceContext context)
            throws StartException {
        if (attachment.datapath() != Datapath.AUTO) {
            return open(attachment, attachment.datapath(), policy, context);
        }
        NoRing refused;
        try {
            return open(attachment, Datapath.RING, policy, context);
        } catch (NoRing reason) {
            refused = reason;
        }
        try {
            GuardedInterface opened = open(attachment, Datapath.PCAP, policy, context);
            LOG.warn("{}; libpcap is used instead (datapath: pcap), which is far slower", refused.getMessage());
            return opened;
        } catch (StartException neither) {
            throw new StartException(Stream.concat(refused.faults().stream(), neither.faults().stream())
                    .toList());
        }
    }

    /** The NICs are fit, and their rings can't be opened. */
    private static final class NoRing extends StartException {
        NoRing(List<String> faults) {
            super(faults);
        }
    }

    private static GuardedInterface open(
            Interface attachment, Datapath datapath, Policy policy, InterfaceContext context) throws StartException {
        String name = attachment.name();
        boolean ring = datapath == Datapath.RING;
        Interception interception;
        try {
            interception = Interception.attach(new Interception.AttachRequest(
                    attachment, ring, context.mark(), context.state(), name + " of " + context.owner()));
        } catch (InterceptException e) {
            throw new StartException(e.faults());
        }
        Cores cores = context.cores();
        int count = ring ? attachment.workers(cores.count()) : 1;
        TableSet flows = openFlows(attachment, policy, context, interception, count);
        Steering steering = new Steering(count, flows.seed());
        List<Port> opened = new ArrayList<>();
        try {
            List<? extends Port> outside = open(ring, interception.outside(), steering, interception.outsideOptions());
            opened.addAll(outside);
            List<? extends Port> inside = open(ring, interception.inside(), steering, interception.insideOptions());
            List<Engine> engines = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                engines.add(new Engine(
                        policy,
                        new Shard(i, count, flows.seed()),
                        flows.tables().get(i)));
            }
            Workers workers = Workers.of(
                    name,
                    engines,
                    outside,
                    inside,
                    _ -> ring ? cores.threadOptions(attachment.busyPoll()) : Worker.ThreadOptions.PLAIN,
                    taken -> context.drops().write(name, taken));
            return new GuardedInterface(attachment, datapath, interception, flows, workers);
        } catch (PortException e) {
            opened.forEach(Port::close);
            flows.close();
            giveUp(name, interception);
            List<String> faults = List.of(name + ": " + e.getMessage());
            throw ring ? new NoRing(faults) : new StartException(faults);
        }
    }

    /**
     * The flows of before are worth what was in the way meanwhile. Shut: nothing has passed, they go on. With {@code
     * on-failure: open} they went on past us, so that their sequence numbers are to be learnt anew. Given back: forgotten.
     */
    private static TableSet openFlows(
            Interface attachment, Policy policy, InterfaceContext context, Interception interception, int workers)
            throws StartException {
        boolean open = attachment.onFailure() == OnFailure.OPEN;
        try {
            TableSet flows = TableSet.open(
                    attachment.name(),
                    context.flows(),
                    policy.maxFlows(),
                    new FlowTimeouts(policy::timeoutNs),
                    workers,
                    !open && !interception.wasAttached());
            if (open && flows.found()) {
                flows.tables().forEach(FlowTable::relearn);
            }
            return flows;
        } catch (TableException e) {
            giveUp(attachment.name(), interception);
            throw new StartException(e.faults());
        }
    }

    /** What an earlier run had shut stays shut. */
    private static void giveUp(String name, Interception interception) {
        if (interception.wasAttached()) {
            interception.leave();
        } else {
            Restored restored = interception.detach();
            restored.lines().forEach(line -> LOG.debug("{}: {}", name, line));
            restored.faults().forEach(fault -> LOG.error("{}: {}", name, fault));
        }
    }

    private static List<? extends Port> open(
            boolean ring, String nic, Steering steering, PacketSocket.SocketOptions options) throws PortException {
        return ring ? RingPort.open(nic, steering, options) : List.of(PcapPort.open(nic));
    }

    /**
     * From here on no frame gets past us.
     *
     * @throws StartException if the kernel does not take its programs; then everything is as before
     */
    public void engage() throws StartException {
        try {
            interception.notes().forEach(note -> LOG.info("{}: {}", attachment.name(), note));
            interception.engage(System.nanoTime()).forEach(line -> LOG.info("{}: {}", attachment.name(), line));
        } catch (InterceptException e) {
            throw new StartException(e.faults());
        }
    }

    /** Frames are decided about. */
    public void start() {
        adoptEstablished();
        workers.start(!flows.found());
        started = true;
        followLinks();
        keeper = InterceptionMonitor.start(attachment.name(), interception);
    }

    /** After the programs stand: what connects now comes past us. */
    private void adoptEstablished() {
        boolean passedUs = !flows.found() || attachment.onFailure() == OnFailure.OPEN;
        if (!(attachment.mode() instanceof Mode.Host host) || !host.adoptEstablished() || !passedUs) {
            return;
        }
        try {
            List<Adopted> connections = Adoption.connections(nicAddresses());
            int taken = workers.adopt(connections);
            LOG.info(
                    "{}: {} established connections of this host are adopted{}",
                    attachment.name(),
                    taken,
                    taken == connections.size()
                            ? ""
                            : ", of " + connections.size() + ": max-flows has no room for more");
        } catch (ErrnoException refused) {
            LOG.warn(
                    "{}: established connections can't be adopted, and have to be opened anew: {}",
                    attachment.name(),
                    refused.getMessage());
        }
    }

    /** Those of a host's NIC now; of a bridge none. */
    List<Cidr> nicAddresses() throws ErrnoException {
        Optional<String> nic = interception.hostNic();
        return nic.isPresent() ? NicAddresses.of(nic.get()) : List.of();
    }

    /** The same NICs, as a new configuration describes them, under its rules. */
    public void follow(Interface next, Policy policy, Drops drops) {
        workers.logDrops(drops != Drops.OFF, drops == Drops.ALL);
        attachment = next;
        followLinks();
        install(policy);
    }

    /** Its frames obey these rules from now on; a worker that does not take them in time is a problem. */
    public void install(Policy policy) {
        late = workers.install(policy, INSTALL_TIMEOUT_MS);
    }

    /** Which workers did not take the last rules in time, one sentence each. */
    public List<String> notInstalled() {
        return late.stream()
                .map(worker -> attachment.name() + ": worker " + worker
                        + " has not taken these rules yet, and decides by those of before")
                .toList();
    }

    /** What can't be written down for the next start, one sentence each; frames are decided about all the same. */
    public List<String> warnings() {
        return interception.warnings();
    }

    /** Why its flows do not outlive the process; empty: they do. */
    public String flowsTrouble() {
        return flows.trouble().orElse("");
    }

    /**
     * Which of its threads does not do its work, one sentence each.
     *
     * @param withinMs how long it waits for answers at the most
     */
    public List<String> notAlive(long withinMs) {
        List<String> dead = new ArrayList<>();
        if (!workers.areAlive(withinMs)) {
            dead.add(attachment.name() + ": not every worker answers within " + withinMs + " ms");
        }
        InterceptionMonitor looking = keeper;
        if (looking != null && System.nanoTime() - looking.lastRanNs() > TimeUnit.MILLISECONDS.toNanos(withinMs)) {
            dead.add(attachment.name() + ": its NICs and programs are not looked after");
        }
        return dead;
    }

    /** Starts or ends what {@code link-state} asks for. */
    private void followLinks() {
        Optional<Bridge> followed = interception.followLinks(attachment.mode());
        LinkFollower running = follower;
        if (followed.isPresent() == (running != null)) {
            return;
        }
        if (running != null) {
            follower = null;
            running.close();
            return;
        }
        try {
            follower = LinkFollower.start(attachment.name(), followed.orElseThrow());
        } catch (ErrnoException refused) {
            LOG.error("{}: a lost carrier is not passed on: {}", attachment.name(), refused.getMessage());
        }
    }

    public Interface attachment() {
        return attachment;
    }

    public Workers workers() {
        return workers;
    }

    /** How many flows its tables have room for. */
    public long room() {
        return flows.room();
    }

    /** How frames get in and out now; never {@link Datapath#AUTO}. */
    public Datapath datapath() {
        return datapath;
    }

    /**
     * Why another description of this interface can't be taken up while it is guarded; empty: it can.
     *
     * @param maxFlows the limit that it would have
     */
    public List<String> needsRestart(Interface next, long maxFlows, Cores cores) {
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
        if (maxFlows > flows.room()) {
            reasons.add(where
                    + String.format(
                            "conntrack.max-flows %,d needs a restart, which loses no connection: there is room for %,d",
                            maxFlows, flows.room()));
        }
        if (next.onFailure() != attachment.onFailure()) {
            reasons.add(where + "another on-failure needs a restart (now "
                    + attachment.onFailure().key() + ")");
        }
        if (attachment.mode() instanceof Mode.Host now
                && next.mode() instanceof Mode.Host then
                && now.attach() != then.attach()) {
            reasons.add(where + "another attach needs a restart (now "
                    + now.attach().key() + ")");
        }
        if (next.busyPoll() != attachment.busyPoll()) {
            reasons.add(where + "busy-poll needs a restart (now " + attachment.busyPoll() + ")");
        }
        return reasons;
    }

    /** Why frames cannot pass; empty while they can. */
    public List<String> problems() {
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
        InterceptionMonitor looking = keeper;
        if (looking != null) {
            problems.addAll(looking.problems());
        }
        problems.addAll(workers.problems());
        return problems;
    }

    /** False while something keeps the programs in the kernel from being asked first. */
    public boolean isIntact() {
        InterceptionMonitor looking = keeper;
        return looking == null || looking.problems().isEmpty();
    }

    /** The NICs that it has, as they are called now. */
    public List<String> nics() {
        return interception.nics();
    }

    /** What the inside port opens, for people. */
    public String insideNic() {
        return interception.inside();
    }

    private boolean isHeld(Port port) {
        LinkFollower running = follower;
        return running != null && port.nic().equals(running.held());
    }

    /** Ends the traffic and gives the NICs back as they were. */
    public void remove() {
        endTraffic();
        log(attachment.name(), interception.detach());
        flows.delete();
    }

    /** Ends the traffic; whether the NICs are given back, {@code on-failure} says: shut stays shut for the next start. */
    public void stop() {
        endTraffic();
        if (attachment.onFailure() == OnFailure.CLOSED) {
            interception.leave();
            LOG.info(
                    "{}: {} stays shut until portcullis is back; portcullis detach opens it",
                    attachment.name(),
                    String.join(" and ", attachment.mode().nics()));
        } else {
            log(attachment.name(), interception.detach());
        }
        flows.close();
    }

    /** After a start that failed. */
    public void abandon() {
        endTraffic();
        flows.close();
        giveUp(attachment.name(), interception);
    }

    private void endTraffic() {
        InterceptionMonitor looking = keeper;
        if (looking != null) {
            keeper = null;
            looking.close();
        }
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
    }

    private static void log(String name, Restored restored) {
        restored.lines().forEach(line -> LOG.info("{}: {}", name, line));
        restored.faults().forEach(fault -> LOG.error("{}: {}", name, fault));
    }
}
