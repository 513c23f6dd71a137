package io.portcullis.port.pcap;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.packet.TransmitRing;
import io.portcullis.packet.Batch;
import io.portcullis.port.LinkHeader;
import io.portcullis.port.PortCounter;
import io.portcullis.port.PortException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pcap4j.core.BpfProgram.BpfCompileMode;
import org.pcap4j.core.NotOpenException;
import org.pcap4j.core.PcapHandle;
import org.pcap4j.core.PcapHandle.BlockingMode;
import org.pcap4j.core.PcapHandle.PcapDirection;
import org.pcap4j.core.PcapNativeException;
import org.pcap4j.core.PcapNetworkInterface.PromiscuousMode;
import org.pcap4j.core.Pcaps;
import org.pcap4j.core.RawPacketListener;
import org.pcap4j.packet.namednumber.DataLinkType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One NIC, open in libpcap, until it goes down or vanishes. Two handles: one listens; the other only sends, so that its
 * socket can be non-blocking (a NIC that accepts no more frames must not stop the event loop) and its error text is
 * its own. A transmit ring beside them, where the kernel has one, sends the frames that send(2) refuses although the NIC carries them.
 */
final class Capture {
    private static final Logger LOG = LoggerFactory.getLogger(Capture.class);

    /** libpcap's largest (MAXIMUM_SNAPLEN): no frame is cut. libpcap makes slots of the MTU's size where it can. */
    static final int SNAPLEN = 262_144;

    private static final int RECEIVE_BUFFER_LENGTH = 16 << 20;
    private static final int UNUSED_BUFFER_LENGTH = 1 << 18; // less than one slot, and libpcap fails to open
    private static final int TIMEOUT_MS = 100;

    // <pcap/pcap.h>
    private static final int PCAP_ERROR_NO_SUCH_DEVICE = -5;
    private static final int PCAP_ERROR_PERM_DENIED = -8;
    private static final int PCAP_ERROR_IFACE_NOT_UP = -9;
    private static final int PCAP_ERROR_PROMISC_PERM_DENIED = -11;

    /** Full-size frames behind VLAN tags that the NIC may hold at a time. */
    private static final int TRANSMIT_SLOTS = 64;

    final Nic nic;
    private final PcapHandle listening;
    private final PcapHandle sending;
    /** The watch closes the transmit ring while the loop sends. */
    private final Object lock = new Object();

    private final @Nullable TransmitRing transmit; // guarded by the lock
    private boolean closed; // guarded likewise
    private boolean otherNamed;

    private Capture(Nic nic, PcapHandle listening, PcapHandle sending, @Nullable TransmitRing transmit) {
        this.nic = nic;
        this.listening = listening;
        this.sending = sending;
        this.transmit = transmit;
    }

    /**
     * Opens the NIC.
     *
     * @param nic as read just before
     * @throws PortException without libpcap, the NIC, or the privilege; if it is down; if it is not Ethernet
     */
    static Capture open(Nic nic) throws PortException {
        String name = nic.name();
        PcapHandle listening = null;
        PcapHandle sending = null;
        boolean done = false;
        try {
            listening = live(name, RECEIVE_BUFFER_LENGTH);
            if (!listening.getDlt().equals(DataLinkType.EN10MB)) {
                throw new PortException(name + ": not an Ethernet interface ("
                        + listening.getDlt().name() + "); ports are Ethernet only");
            }
            // No filter "inbound" here, though it would save a copy of each sent frame: libpcap itself filters the
            // first frame
            // after it sets a filter, does not know its direction, and drops it (pcap_setfilter_linux).
            sending = live(name, UNUSED_BUFFER_LENGTH);
            sending.setFilter("less 1", BpfCompileMode.OPTIMIZE);
            sending.setBlockingMode(BlockingMode.NONBLOCKING);
            Capture capture = new Capture(nic, listening, sending, transmitRing(nic));
            done = true;
            return capture;
        } catch (PcapNativeException refused) {
            throw new PortException(explain(name, refused), refused);
        } catch (NotOpenException impossible) {
            throw new IllegalStateException(name, impossible);
        } catch (LinkageError missing) {
            throw new PortException(
                    "libpcap is not installed, or not where the loader looks; install it (Debian and Ubuntu:"
                            + " apt install libpcap0.8; Fedora and RHEL: dnf install libpcap)",
                    missing);
        } finally {
            if (!done) {
                close(listening);
                close(sending);
            }
        }
    }

    /** Null on a kernel without packet rings: it has libpcap all the same. */
    private static @Nullable TransmitRing transmitRing(Nic nic) {
        try {
            return TransmitRing.open(nic, LinkHeader.LONGEST + nic.mtu(), TRANSMIT_SLOTS, 0);
        } catch (ErrnoException refused) {
            LOG.info(
                    "{}: full-size packets behind VLAN tags are too big, as the kernel has no transmit ring: {}",
                    nic.name(),
                    refused.getMessage());
            return null;
        }
    }

    private static PcapHandle live(String nic, int bufferLength) throws PcapNativeException {
        return new PcapHandle.Builder(nic)
                .snaplen(SNAPLEN)
                .promiscuousMode(PromiscuousMode.PROMISCUOUS)
                .immediateMode(true)
                .timeoutMillis(TIMEOUT_MS)
                .bufferSize(bufferLength)
                .direction(PcapDirection.IN)
                .build();
    }

    private static String explain(String nic, PcapNativeException refused) {
        Integer code = refused.getReturnCode();
        return switch (code == null ? 0 : code) {
            case PCAP_ERROR_NO_SUCH_DEVICE -> noSuchNic(nic);
            case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED -> noPrivilege(nic);
            case PCAP_ERROR_IFACE_NOT_UP -> down(nic);
            default -> nic + ": libpcap: " + refused.getMessage();
        };
    }

    static String noSuchNic(String nic) {
        return nic + ": no such network interface; `ip link` lists those that there are";
    }

    static String noPrivilege(String nic) {
        return nic + ": no privilege to open a packet socket; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN";
    }

    private static String down(String nic) {
        return nic + " is down; `ip link set " + nic + " up`";
    }

    /**
     * Calls the listener for each frame, on this thread, until {@link #breakLoop} or an error.
     *
     * @return libpcap's error text, or null after {@link #breakLoop}
     */
    @Nullable
    String listen(RawPacketListener listener) {
        try {
            listening.loop(-1, listener);
            return null;
        } catch (InterruptedException broken) { // by breakLoop: no thread was interrupted
            return null;
        } catch (PcapNativeException | NotOpenException ended) {
            return String.valueOf(ended.getMessage());
        }
    }

    /** Bytes on the wire of the frame that the listener got last; a cut frame has fewer bytes. */
    int originalLength() {
        return listening.getOriginalLength();
    }

    /** Ends {@link #listen}, also before it has begun. Any thread. */
    void breakLoop() {
        try {
            listening.breakLoop();
        } catch (NotOpenException closed) {
            LOG.debug("already closed", closed);
        }
    }

    /** Frames that the kernel dropped because its buffer was full, since the NIC was opened, modulo 2³². */
    int kernelDrops() {
        try {
            return (int) listening.getStats().getNumPacketsDropped();
        } catch (PcapNativeException | NotOpenException unreadable) {
            LOG.debug("no statistics", unreadable);
            return 0;
        }
    }

    /**
     * Sends one frame.
     *
     * @param bytes begins with the frame; the native call copies all of it, so keep it short
     * @param length bytes of the frame
     * @return null if the kernel accepted it, else the counter of the refusal
     */
    @Nullable
    PortCounter send(byte[] bytes, int length) {
        PortCounter refusal = sendOnce(bytes, length);
        // The socket reports once that the link went down, even where it is up again.
        return refusal == PortCounter.SEND_ERROR_ENETDOWN ? sendOnce(bytes, length) : refusal;
    }

    private @Nullable PortCounter sendOnce(byte[] bytes, int length) {
        try {
            sending.sendPacket(bytes, length);
            return null;
        } catch (PcapNativeException refused) {
            return refusal(String.valueOf(refused.getMessage()));
        } catch (NotOpenException closed) {
            return PortCounter.SEND_ERROR_ENXIO;
        }
    }

    /**
     * Sends one frame that {@link #send} finds too big.
     *
     * @return null if the kernel accepted it, else the counter of the refusal
     */
    @Nullable
    PortCounter sendLong(Batch batch, int i) {
        int sent;
        synchronized (lock) {
            if (closed) {
                return PortCounter.SEND_ERROR_ENXIO;
            }
            if (transmit == null) {
                return PortCounter.TOO_BIG;
            }
            sent = transmit.send(batch.memory(), batch.offset(i), batch.length(i), true, false);
        }
        return sent > 0 ? null : refusal(Pcaps.strError(-sent));
    }

    // pcap_inject reports "send: " and strerror's text, and pcap4j no errno.
    private PortCounter refusal(String message) {
        for (Map.Entry<String, PortCounter> known : Refusals.BY_TEXT.entrySet()) {
            if (message.endsWith(known.getKey())) {
                return known.getValue();
            }
        }
        if (!otherNamed) {
            otherNamed = true;
            LOG.warn("a frame was refused: {} (named once, counted as send-error other)", message);
        }
        return PortCounter.SEND_ERROR_OTHER;
    }

    /** Closes all handles. Only after {@link #listen} has ended: it uses libpcap's memory. */
    void close() {
        synchronized (lock) {
            closed = true;
            if (transmit != null) {
                transmit.close();
            }
        }
        close(listening);
        close(sending);
    }

    private static void close(@Nullable PcapHandle handle) {
        if (handle != null) {
            handle.close();
        }
    }

    /** strerror's texts in this process's locale; a class of its own, so that they are read after libpcap has been loaded. */
    private static final class Refusals {
        // <asm-generic/errno.h>; the same on x86-64 and aarch64
        static final Map<String, PortCounter> BY_TEXT = Map.of(
                Pcaps.strError(90), PortCounter.TOO_BIG,
                Pcaps.strError(11), PortCounter.SEND_ERROR_EAGAIN,
                Pcaps.strError(105), PortCounter.SEND_ERROR_ENOBUFS,
                Pcaps.strError(100), PortCounter.SEND_ERROR_ENETDOWN,
                Pcaps.strError(6), PortCounter.SEND_ERROR_ENXIO,
                Pcaps.strError(19), PortCounter.SEND_ERROR_ENXIO);
    }
}
