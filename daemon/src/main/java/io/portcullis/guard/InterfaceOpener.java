package io.portcullis.guard;

import io.portcullis.config.Datapath;
import io.portcullis.config.Interface;
import io.portcullis.config.Log;
import io.portcullis.config.OnFailure;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.flowstore.TableException;
import io.portcullis.flowstore.TableSet;
import io.portcullis.gate.GateFilters;
import io.portcullis.hits.HitTable;
import io.portcullis.hits.file.KeptHits;
import io.portcullis.intercept.Gate;
import io.portcullis.intercept.InterceptException;
import io.portcullis.intercept.Interception;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.Direction;
import io.portcullis.policy.Policy;
import io.portcullis.port.Port;
import io.portcullis.port.PortException;
import io.portcullis.port.pcap.PcapPort;
import io.portcullis.port.ring.RingPort;
import io.portcullis.port.ring.Steering;
import io.portcullis.port.ring.Tap;
import io.portcullis.recorder.Recordings;
import io.portcullis.worker.Worker;
import io.portcullis.worker.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens the NICs, ports, flow tables and workers of one interface. */
public final class InterfaceOpener {
    private static final Logger LOG = LoggerFactory.getLogger(InterfaceOpener.class);

    private final Interface settings;
    private final Datapath datapath;
    private final Policy policy;
    private final InterfaceContext context;

    private InterfaceOpener(Interface settings, Datapath datapath, Policy policy, InterfaceContext context) {
        this.settings = settings;
        this.datapath = datapath;
        this.policy = policy;
        this.context = context;
    }

    /** The NICs are fit, but the kernel refuses their rings. */
    private static final class NoRing extends StartException {
        private static final long serialVersionUID = 1L;

        NoRing(List<String> faults) {
            super(faults);
        }
    }

    /**
     * Prepares and opens the NICs. Traffic goes on as before until {@link GuardedInterface#engage}; after that no frame passes until
     * {@link GuardedInterface#start}.
     *
     * @throws StartException if something prevents it; then everything is as before
     */
    public static GuardedInterface open(Interface settings, Policy policy, InterfaceContext context)
            throws StartException {
        if (settings.datapath() != Datapath.AUTO) {
            return new InterfaceOpener(settings, settings.datapath(), policy, context).open();
        }
        NoRing refused;
        try {
            return new InterfaceOpener(settings, Datapath.RING, policy, context).open();
        } catch (NoRing reason) {
            refused = reason;
        }
        try {
            GuardedInterface opened = new InterfaceOpener(settings, Datapath.PCAP, policy, context).open();
            LOG.warn("{}; libpcap is used instead (datapath: pcap), which is far slower", refused.getMessage());
            return opened;
        } catch (StartException neither) {
            throw new StartException(Stream.concat(refused.faults().stream(), neither.faults().stream())
                    .toList());
        }
    }

    private boolean isRing() {
        return datapath == Datapath.RING;
    }

    private GuardedInterface open() throws StartException {
        int count = isRing() ? settings.workers(context.cores().count()) : 1;
        FastPath fast = FastPath.open(settings, datapath, count, context.mark());
        boolean done = false;
        try {
            GuardedInterface opened = open(count, fast);
            done = true;
            return opened;
        } finally {
            if (!done) {
                fast.close();
            }
        }
    }

    private GuardedInterface open(int count, FastPath fast) throws StartException {
        String name = settings.name();
        Interception interception;
        try {
            interception = Interception.attach(new Interception.AttachRequest(
                    settings,
                    isRing(),
                    context.mark(),
                    context.state(),
                    name + " of " + context.owner(),
                    gate(),
                    fast.programs()));
        } catch (InterceptException e) {
            throw new StartException(e.faults());
        }
        TableSet flows = openFlows(interception, count, fast);
        Steering steering = new Steering(count, flows.seed());
        NicChecks checks = NicChecks.start("portcullis-keep-" + name, context.events(), System::nanoTime);
        List<Port> opened = new ArrayList<>();
        boolean done = false;
        try {
            List<? extends Port> outside = outside(interception, fast, steering, checks);
            opened.addAll(outside);
            List<? extends Port> inside = inside(interception, fast, steering, checks);
            Log.Recorder recorder = context.recorder();
            Recordings recordings = Recordings.open(context.flows(), name, count, recorder.memory(), recorder.snap());
            KeptHits hits = context.hits().open(name, count);
            GuardedInterface guarded = new GuardedInterface(
                    settings,
                    datapath,
                    fast,
                    interception,
                    flows,
                    hits,
                    workers(engines(flows, hits.table(), count, recordings, fast), outside, inside),
                    recordings,
                    checks);
            done = true;
            return guarded;
        } catch (PortException e) {
            opened.forEach(Port::close);
            flows.close();
            GuardedInterface.giveUp(name, interception);
            List<String> faults = List.of(name + ": " + e.getMessage());
            throw isRing() ? new NoRing(faults) : new StartException(faults);
        } finally {
            if (!done) {
                checks.close();
            }
        }
    }

    /** What decides while the daemon is dead; null: nothing does. */
    private Gate.@Nullable Filters gate() {
        return settings.onFailure() == OnFailure.FAILSAFE
                ? GateFilters.of(policy, context.mark()).filters()
                : null;
    }

    /**
     * The traffic since the last run decides what its flows are worth. Shut: nothing has passed, and they go on. Open ({@code
     * on-failure: open}, or failsafe): packets passed without us, so their sequence numbers are learned anew. Restored: they are forgotten.
     */
    private TableSet openFlows(Interception interception, int workers, FastPath fast) throws StartException {
        boolean open = settings.onFailure().endsWithDaemon();
        try {
            TableSet flows = TableSet.open(
                    settings.name(),
                    context.flows(),
                    policy.maxFlows(),
                    new FlowTimeouts(policy::timeoutNs),
                    workers,
                    !open && !interception.wasAttached(),
                    fast::prepare);
            if (open && flows.found()) {
                flows.tables().forEach(FlowTable::relearn);
            }
            return flows;
        } catch (TableException e) {
            GuardedInterface.giveUp(settings.name(), interception);
            throw new StartException(e.faults());
        }
    }

    private List<? extends Port> outside(Interception interception, FastPath fast, Steering steering, NicChecks checks)
            throws PortException {
        PacketSocket.SocketOptions options = interception.outsideOptions();
        Optional<Veth> taps = interception.taps();
        if (taps.isEmpty()) {
            return ports(interception.outside(), steering, options, checks);
        }
        Tap tap = fast.tap(taps.get().near().name(), Direction.INGRESS);
        return List.of(RingPort.open(interception.outside(), tap, options, checks));
    }

    private List<? extends Port> inside(Interception interception, FastPath fast, Steering steering, NicChecks checks)
            throws PortException {
        PacketSocket.SocketOptions options = interception.insideOptions();
        Optional<Veth> taps = interception.taps();
        if (taps.isEmpty()) {
            return ports(interception.inside(), steering, options, checks);
        }
        Tap tap = fast.tap(taps.get().far().name(), Direction.EGRESS);
        return List.of(RingPort.open(interception.inside(), tap, options, checks));
    }

    private List<? extends Port> ports(
            String nic, Steering steering, PacketSocket.SocketOptions options, NicChecks checks) throws PortException {
        return isRing() ? RingPort.open(nic, steering, options, checks) : List.of(PcapPort.open(nic));
    }

    private List<Engine> engines(TableSet flows, HitTable hits, int count, Recordings recordings, FastPath fast) {
        List<Engine> engines = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Shard shard = new Shard(i, count, flows.seed());
            Engine engine = new Engine(policy, shard, flows.tables().get(i), hits, i);
            engine.record(recordings.recorder(i));
            fast.start(engine);
            engines.add(engine);
        }
        return engines;
    }

    private Workers workers(List<Engine> engines, List<? extends Port> outside, List<? extends Port> inside) {
        String name = settings.name();
        return Workers.of(
                name,
                engines,
                outside,
                inside,
                _ -> isRing() ? context.cores().threadOptions(settings.busyPoll()) : Worker.ThreadOptions.PLAIN,
                taken -> context.drops().write(name, taken));
    }
}
