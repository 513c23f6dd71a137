package io.portcullis.guard;

import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.Mode.Attach;
import io.portcullis.config.PacketMark;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.engine.Engine;
import io.portcullis.fastpath.FastLayout;
import io.portcullis.fastpath.FastTable;
import io.portcullis.fastpath.Grants;
import io.portcullis.fastpath.MembarrierThread;
import io.portcullis.intercept.fast.FastPort;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.bpf.Pins;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.net.Direction;
import io.portcullis.port.ring.Tap;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether an interface has a fast path, and if so, the memory that it shares with its programs. Where {@code offload: auto} can't be had,
 * it is off, with a reason. One thread at a time.
 */
public final class FastPath implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FastPath.class);

    private static final int LOOPBACK = 1;

    /** A ring has 8,192 slots: fewer frames may wait, so that none is lost without a choice. */
    private static final int MOST_WAITING = 6_144;

    private static final int MOST_OF_NEW = 4_096;

    /** Frames a second of one source, for flows that have no line. */
    private static final int SHARE = 1_000;

    private final @Nullable SharedMemory memory;
    private final @Nullable FastPrograms programs;
    private final String state;

    /** Waits for programs that still use a line; null: there is no fast path. */
    private final @Nullable MembarrierThread grace;

    /** Null before {@link #prepare}. */
    private @Nullable Grants grants;

    private FastPath(SharedMemory memory, FastPrograms programs, MembarrierThread grace) {
        this.memory = memory;
        this.programs = programs;
        this.grace = grace;
        this.state = "on";
    }

    private FastPath(String state) {
        this.memory = null;
        this.programs = null;
        this.grace = null;
        this.state = state;
    }

    /**
     * Opens what an interface needs for its fast path.
     *
     * @param datapath in use
     * @param workers number of threads that share its traffic
     */
    static FastPath open(Interface settings, Datapath datapath, int workers, PacketMark mark) {
        String name = settings.name();
        if (settings.offload() == Offload.OFF) {
            return off(name, "");
        }
        Optional<String> obstacle = obstacle(settings, datapath, workers);
        if (obstacle.isPresent()) {
            return off(name, obstacle.get());
        }
        if (settings.onFailure().endsWithDaemon()) {
            // Traffic has passed unseen: its lines know nothing of it.
            removeMemory(name);
        }
        SharedMemory opened = null;
        boolean done = false;
        try {
            opened = SharedMemory.open(Pins.memory(name));
            FastPrograms wanted = programs(opened, mark);
            FastPath open = new FastPath(opened, wanted, MembarrierThread.start("portcullis-grace-" + name));
            done = true;
            return open;
        } catch (IOException refused) {
            return off(name, String.valueOf(refused.getMessage()));
        } finally {
            if (!done && opened != null) {
                opened.close();
            }
        }
    }

    /** An earlier run may have left it; its flows are not those of a later one. */
    private static void removeMemory(String name) {
        try {
            Pins.removeMemory(name);
        } catch (IOException refused) {
            LOG.warn("{}: {} can't be removed: {}", name, Pins.memory(name), refused.getMessage());
        }
    }

    private static FastPath off(String name, String reason) {
        removeMemory(name);
        return new FastPath(reason.isEmpty() ? "off" : "off: " + reason);
    }

    /** Why an interface can't have a fast path on this machine, and the remedy, in one sentence; empty: nothing is known. */
    public static Optional<String> obstacle(Interface settings, Datapath datapath, int workers) {
        if (datapath != Datapath.RING) {
            return Optional.of("it needs datapath ring");
        }
        if (workers != 1) {
            return Optional.of("it needs one worker, and there are " + workers + ": write workers: 1, or auto");
        }
        if (settings.onFailure().endsWithDaemon() && !hasTcx(settings.mode())) {
            return Optional.of("with on-failure: " + settings.onFailure().key()
                    + " it needs tcx (Linux 6.6): write on-failure: closed");
        }
        return Pins.trouble();
    }

    private static boolean hasTcx(Mode mode) {
        try {
            return !(mode instanceof Mode.Host host && host.attach() == Attach.CLSACT) && Tcx.isSupported();
        } catch (IOException refused) {
            // Loading a program needs the same privilege, and its refusal names it.
            return true;
        }
    }

    /** Why no interface can have a fast path on this machine, in one sentence; empty: one can. Changes nothing. */
    public static Optional<String> refusal() {
        Optional<String> folder = Pins.trouble();
        if (folder.isPresent()) {
            return folder;
        }
        try (SharedMemory tried = SharedMemory.unnamed()) {
            programs(tried, new PacketMark(1, 1));
            MembarrierThread.start("portcullis-grace").close();
            return Optional.empty();
        } catch (IOException refused) {
            return Optional.of(String.valueOf(refused.getMessage()));
        }
    }

    /** The programs that use this memory; the kernel has accepted one of each kind. */
    private static FastPrograms programs(SharedMemory memory, PacketMark mark) throws IOException {
        FastPort port = new FastPort(Direction.INGRESS, false, LOOPBACK, LOOPBACK, mark, false);
        return new KernelPrograms(memory, memory.table(), port);
    }

    /** {@code on}; {@code off}; or {@code off: } and the reason why {@code offload: auto} can't be had. */
    public String state() {
        return state;
    }

    boolean isOn() {
        return memory != null;
    }

    @Nullable
    FastPrograms programs() {
        return programs;
    }

    /**
     * The tap of a port; only where the fast path is on.
     *
     * @param nic its name
     * @param direction of the frames that the port receives
     */
    Tap tap(String nic, Direction direction) {
        SharedMemory shared = Objects.requireNonNull(memory, "the fast path is off");
        long offset = direction == Direction.INGRESS ? 0 : FastLayout.PER_DIRECTION;
        // Frames that leave by this port's NIC come from the other port.
        int mtu = direction == Direction.INGRESS ? FastLayout.GATE_MTU_EGRESS : FastLayout.GATE_MTU_INGRESS;
        return new Tap(
                nic,
                FastLayout.TAG_BASE,
                shared.memory().asSlice(FastLayout.GATE_UP + offset, FastLayout.SHED_KNOWN + Long.BYTES),
                shared.word(FastLayout.GATE_TAKEN + offset),
                shared.word(mtu));
    }

    /** Called with the flow table of the only worker before it recovers its flows: lines that programs use are folded into them. */
    void prepare(FlowTable flows) {
        if (memory == null || grace == null) {
            return;
        }
        FastTable table = memory.table();
        table.limits(MOST_OF_NEW, MOST_WAITING, SHARE);
        grants = new Grants(table, flows.line(), grace, System.nanoTime());
        flows.offload(grants);
    }

    /** The flow table has its flows: from now on this engine grants. Before its first batch. */
    void start(Engine engine) {
        if (grants != null) {
            grants.recovered();
            engine.offload(grants);
        }
    }

    /** Unmaps the memory; no port and no worker uses it any more. */
    @Override
    public void close() {
        if (grace != null) {
            grace.close();
        }
        if (memory != null) {
            memory.close();
        }
    }
}
