package io.portcullis.port.ring;

import static io.portcullis.port.PortCounter.RING_FULL;
import static io.portcullis.port.PortCounter.SEND_ERROR_EAGAIN;
import static io.portcullis.port.PortCounter.SEND_ERROR_EINVAL;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENOBUFS;
import static io.portcullis.port.PortCounter.SEND_ERROR_ENXIO;
import static io.portcullis.port.PortCounter.SEND_ERROR_OTHER;
import static io.portcullis.port.PortCounter.TOO_BIG;
import static io.portcullis.port.PortCounter.UNKNOWN_TUNNEL;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.linux.Errno;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.UdpGsoRun;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
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
 * A NIC through a packet socket ({@link PacketSocket}): frames are read in memory that the kernel shares with us, and what
 * is accepted is sent from there, up to 64 frames a system call. Offloads stay on: a super-frame crosses as one frame, and
 * a checksum that a NIC is to fill in is filled in by the NIC that sends it.
 *
 * <p>What decides how fast frames leave is how often another core has to be woken for them, and how often the kernel is asked.
 * Datagrams of one flow that lie in a batch one after the other leave as one super-frame, a {@link UdpGsoRun}: on two cores, with
 * the far end on the other one, 660,000 instead of 255,000 datagrams of 64 bytes a second went through without loss, and a
 * flood of as many as the generator could send no longer halved that. Left alone after a measurement: generic receive offload
 * on our own NICs ({@code gro}, {@code rx-udp-gro-forwarding}) brought 275,000 for one flow and 145,000 instead of 260,000 for
 * 1,024, since a veth then hands each frame to a NAPI poll of its own. daemon/BENCHMARKS.md has the commands.
 *
 * <p>Several workers have a port each on the same NIC; what these share is {@link RingNic}, which also looks after the link
 * on a thread of its own.
 */
public final class RingPort implements Port {
    private static final Logger LOG = LoggerFactory.getLogger(RingPort.class);

    /** What the log names the first time that it happens. Of a link that is down the log tells anyway. */
    private static final Set<PortCounter> NAMED_ONCE = EnumSet.of(
            TOO_BIG,
            UNKNOWN_TUNNEL,
            PortCounter.TRUNCATED,
            PortCounter.UNDESCRIBED,
            RING_FULL,
            SEND_ERROR_EAGAIN,
            SEND_ERROR_ENOBUFS,
            SEND_ERROR_EINVAL,
            SEND_ERROR_OTHER);

    private final RingNic nic;
    private final PortCounters counters = new PortCounters();

    private final Sender sender;

    /** Changed by the event loop, under the NIC's lock; read by it without. */
    private Ring current;

    private @Nullable Ring pending; // under the NIC's lock
    private boolean closed; // as current

    // The watch's own.
    private final Set<PortCounter> unnamed = EnumSet.copyOf(NAMED_ONCE);
    private boolean unannounced;

    private volatile Runnable reopened = () -> {};

    RingPort(RingNic nic, Ring opened, Sender.Transmission transmission) {
        this.nic = nic;
        this.sender = new Sender(nic, counters, transmission);
        this.current = opened;
        opened.countIn(counters);
    }

    /**
     * Opens a NIC for one worker. One that is down forwards as soon as it is up.
     *
     * @throws PortException if there is no such NIC, no privilege, a kernel that is too old, or the NIC is not Ethernet
     */
    public static RingPort open(String name) throws PortException {
        return open(name, Steering.SINGLE, PacketSocket.SocketOptions.ALONE).getFirst();
    }

    /**
     * Opens a NIC for several workers. The kernel gives each port its share of the frames as soon as all have started.
     *
     * @param steering who gets which frame
     * @param options towards the NIC and towards others that share it
     * @return a port for each worker, in their order; each is closed on its own, and all together
     * @throws PortException as for one
     */
    public static List<RingPort> open(String name, Steering steering, PacketSocket.SocketOptions options)
            throws PortException {
        return RingNic.open(name, steering, options);
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
        nic.arrived(current);
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
    public void takeError() {
        // What it says, the watch knows from rtnetlink, with a reason.
        current.socket().takeError();
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

    /** The NIC was opened anew, for {@link #moveOn}. By the watch, under the NIC's lock. */
    void offer(Ring ring) {
        ring.countIn(counters);
        if (pending != null) {
            pending.close();
        }
        pending = ring;
        unannounced = true;
    }

    /** Asks the event loop for {@link #moveOn} where it was not asked yet. By the watch. */
    void announce() {
        if (unannounced) {
            reopened.run();
            unannounced = false;
        }
    }

    @Override
    public void moveOn() {
        synchronized (nic) {
            if (pending == null || closed) {
                return;
            }
            current.countLast();
            current.close();
            current = pending;
            pending = null;
        }
        nic.arrived(current);
    }

    @Override
    public void close() {
        synchronized (nic) {
            if (closed) {
                return;
            }
            closed = true;
            nic.portIsClosed();
            current.close();
            if (pending != null) {
                pending.close();
            }
        }
        nic.endWatch();
    }

    /** Names in the log what has been lost for the first time. By the watch. */
    void nameLosses() {
        unnamed.removeIf(counter -> {
            if (counters.get(counter) == 0) {
                return false;
            }
            String errno = counter == SEND_ERROR_OTHER ? Errno.name(sender.otherErrno()) : counter.errno();
            LOG.warn(
                    "{}: {}{}: {} (named once, counted in portcullis_port_lost_frames_total)",
                    nic.name(),
                    counter.label(),
                    errno.isEmpty() ? "" : " " + errno,
                    counter.meaning());
            return true;
        });
    }
}
