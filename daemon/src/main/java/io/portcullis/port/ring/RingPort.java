package io.portcullis.port.ring;

import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SEND_ERROR_EAGAIN;
import static io.portcullis.port.PortCounter.SEND_ERROR_EINVAL;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENOBUFS;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENXIO;
import static io.portcullis.port.PortCounter.SEND_ERROR_OTHER;
import static io.portcullis.port.PortCounter.SHED;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static io.portcullis.port.PortCounter.UNKNOWN_TUNNEL;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.linux.Errno;
import io.portcullis.linux.netlink.NicChecks;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.packet.Batch;
import io.portcullis.port.Port;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortCounters;
import io.portcullis.port.PortException;
import io.portcullis.port.PortState;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A NIC through a packet socket ({@link PacketSocket}): frames are read in memory shared with the kernel, and accepted frames are
 * sent from there, up to 64 frames a system call ({@link Sender}). Offloads stay on: a super-frame crosses as one frame, and the
 * sending NIC fills in an unfinished checksum.
 *
 * <p>The send rate depends on how often another core is woken and how often the kernel is called. Successive datagrams of one flow
 * in a batch leave as one super-frame ({@link io.portcullis.packet.UdpGsoRun}): on two cores, with the far end on the other core,
 * 660,000 instead of 255,000 datagrams of 64 bytes a second passed without loss, and a flood at the generator's full rate no
 * longer halved that. Measured and not used: generic receive offload on the port's own NICs ({@code gro},
 * {@code rx-udp-gro-forwarding}) passed 275,000 for one flow, and 145,000 instead of 260,000 for 1,024, since a veth then passes
 * each frame to a NAPI poll of its own. daemon/BENCHMARKS.md has the commands.
 *
 * <p>Each worker has a port of its own on the NIC; the ports share a {@link RingNic}, which also watches the link.
 */
public final class RingPort implements Port {
    private static final Logger LOG = LoggerFactory.getLogger(RingPort.class);

    /** Counters whose first increment is logged. A link that is down is logged anyway. */
    private static final Set<PortCounter> LOGGED_ONCE = EnumSet.of(
            TOO_BIG,
            UNKNOWN_TUNNEL,
            PortCounter.TRUNCATED,
            PortCounter.UNDESCRIBED,
            RING_FULL,
            SHED,
            SEND_ERROR_EAGAIN,
            SEND_ERROR_ENOBUFS,
            SEND_ERROR_EINVAL,
            SEND_ERROR_OTHER);

    private final RingNic nic;
    private final PortCounters counters = new PortCounters();

    private final Sender sender;

    /** Written by the event loop under the NIC's lock; read by the event loop without the lock. */
    private Ring current;

    private @Nullable Ring pending; // guarded by the NIC's lock
    private boolean closed; // locked as current

    // Used by the watch only.
    private long shedBefore;
    private final Set<PortCounter> unlogged = EnumSet.copyOf(LOGGED_ONCE);
    private boolean unannounced;

    private volatile Runnable reopened = () -> {};

    RingPort(RingNic nic, Ring opened, Sender.Transmission transmission) {
        this.nic = nic;
        this.sender = new Sender(nic, counters, transmission);
        this.current = opened;
        opened.countInto(counters);
        Tap tap = nic.tap();
        shedBefore = tap == null ? 0 : tap.shed();
    }

    /**
     * Opens a NIC for one or several workers. The kernel spreads the frames over the ports once all of them have started. A NIC that is
     * down forwards as soon as it is up.
     *
     * @param steering maps each frame to a worker
     * @param options of the sockets
     * @param checks that watch the NIC from the start of the last port until the last one is closed
     * @return one port for each worker, in their order; each has to be closed, and all of them at the same time
     * @throws PortException if there is no such NIC, no privilege, a kernel that is too old, or the NIC is not Ethernet
     */
    public static List<RingPort> open(
            String name, Steering steering, PacketSocket.SocketOptions options, NicChecks checks) throws PortException {
        return RingNic.open(name, null, steering, options, checks);
    }

    /** As {@link #open}, for one worker, with frames that are received on a tap. */
    public static RingPort open(String name, Tap tap, PacketSocket.SocketOptions options, NicChecks checks)
            throws PortException {
        return RingNic.open(name, tap, Steering.SINGLE, options, checks).getFirst();
    }

    @Override
    public String nic() {
        return nic.name();
    }

    @Override
    public FileDescriptor descriptor() {
        return current.descriptor();
    }

    @Override
    public void start(Runnable whenReopened) {
        reopened = whenReopened;
        nic.started(current);
    }

    @Override
    public boolean canBePolled() {
        return true;
    }

    @Override
    public boolean isReady() {
        return !closed && current.isReady();
    }

    @Override
    public @Nullable Batch receive() {
        return closed ? null : current.receive();
    }

    @Override
    public void release(Batch batch) {
        current.release();
    }

    @Override
    public void clearError() {
        // The watch learns the same from rtnetlink, with a reason.
        current.socket().clearError();
    }

    @Override
    public void send(Batch batch) {
        if (closed) {
            counters.add(SEND_ERROR_ENXIO, Long.bitCount(batch.accepted()));
            return;
        }
        sender.send(batch, current);
    }

    @Override
    public PortCounters counters() {
        return counters;
    }

    @Override
    public PortState state() {
        return nic.state();
    }

    /** Passes the ring of the reopened NIC to {@link #switchOver}. On the watch, under the NIC's lock. */
    void offer(Ring ring) {
        ring.countInto(counters);
        if (pending != null) {
            pending.close();
        }
        pending = ring;
        unannounced = true;
    }

    /** Asks the event loop for {@link #switchOver}, once for each ring. On the watch. */
    void announce() {
        if (unannounced) {
            reopened.run();
            unannounced = false;
        }
    }

    @Override
    public void switchOver() {
        synchronized (nic) {
            if (pending == null || closed) {
                return;
            }
            current.countLast();
            current.close();
            current = pending;
            pending = null;
        }
        nic.started(current);
    }

    @Override
    public void close() {
        synchronized (nic) {
            if (closed) {
                return;
            }
            closed = true;
            nic.portClosed();
            current.close();
            if (pending != null) {
                pending.close();
            }
        }
        nic.endWatch();
    }

    /** Counts what programs have dropped since the last call, and logs the first loss of each kind. On the watch. */
    void logFirstLosses() {
        Tap tap = nic.tap();
        if (tap != null) {
            long shed = tap.shed();
            counters.add(SHED, shed - shedBefore);
            shedBefore = shed;
        }
        unlogged.removeIf(counter -> {
            if (counters.get(counter) == 0) {
                return false;
            }
            String errno = counter == SEND_ERROR_OTHER ? Errno.name(sender.otherErrno()) : counter.errno();
            LOG.warn(
                    "{}: {}{}: {} (logged once, counted in portcullis_port_lost_frames_total)",
                    nic.name(),
                    counter.label(),
                    errno.isEmpty() ? "" : " " + errno,
                    counter.meaning());
            return true;
        });
    }
}
