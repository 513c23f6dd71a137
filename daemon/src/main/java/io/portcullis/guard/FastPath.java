package io.portcullis.guard;

import io.portcullis.config.Datapath;
import io.portcullis.config.Datapath.Offload;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.config.Mode.Attach;
import io.portcullis.config.PacketMark;
import io.portcullis.fastpath.FastLayout;
import io.portcullis.intercept.fast.EveryFrameUp;
import io.portcullis.intercept.fast.FastPort;
import io.portcullis.intercept.fast.FastPrograms;
import io.portcullis.linux.bpf.Bpf;
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

    private final @Nullable SharedMemory memory;
    private final @Nullable FastPrograms programs;
    private final String state;

    private FastPath(@Nullable SharedMemory memory, @Nullable FastPrograms programs, String state) {
        this.memory = memory;
        this.programs = programs;
        this.state = state;
    }

    /**
     * Opens what an interface needs for its fast path.
     *
     * @param datapath in use
     * @param workers number of threads that share its traffic
     */
    static FastPath open(Interface settings, Datapath datapath, int workers, PacketMark mark) {
        if (settings.offload() == Offload.OFF) {
            removeMemory(settings.name());
            return off("");
        }
        Optional<String> obstacle = obstacle(settings, datapath, workers);
        if (obstacle.isPresent()) {
            return off(obstacle.get());
        }
        SharedMemory opened = null;
        boolean done = false;
        try {
            opened = SharedMemory.open(Pins.memory(settings.name()));
            FastPrograms wanted = new EveryFrameUp();
            tryPrograms(wanted, mark);
            FastPath open = new FastPath(opened, wanted, "on");
            done = true;
            return open;
        } catch (IOException refused) {
            return off(String.valueOf(refused.getMessage()));
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

    private static FastPath off(String reason) {
        return new FastPath(null, null, reason.isEmpty() ? "off" : "off: " + reason);
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
        try {
            SharedMemory.unnamed().close();
            tryPrograms(new EveryFrameUp(), new PacketMark(1, 1));
            return Optional.empty();
        } catch (IOException refused) {
            return Optional.of(String.valueOf(refused.getMessage()));
        }
    }

    /** Loads a program of each kind, and attaches none. */
    private static void tryPrograms(FastPrograms programs, PacketMark mark) throws IOException {
        FastPort port = new FastPort(Direction.INGRESS, false, LOOPBACK, LOOPBACK, mark, false);
        Bpf.load(programs.live(port)).close();
        Bpf.load(programs.dead(port)).close();
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
                shared.word(FastLayout.GATE_UP + FastLayout.UP + offset),
                shared.word(FastLayout.GATE_TAKEN + offset),
                shared.word(mtu));
    }

    /** Unmaps the memory; no port and no worker uses it any more. */
    @Override
    public void close() {
        if (memory != null) {
            memory.close();
        }
    }
}
