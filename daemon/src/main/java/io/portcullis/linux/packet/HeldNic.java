package io.portcullis.linux.packet;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nic;

/**
 * Knows one NIC again, whatever it is called and whatever its MAC address is, for as long as it stays in this network
 * namespace: by a packet socket that hears nothing. Neither a NIC's name nor its index does that, for another NIC may have
 * the same a moment later. Any thread, until {@link #close}.
 */
public final class HeldNic implements AutoCloseable {
    private final Nic nic;
    private final int fd;

    private HeldNic(Nic nic, int fd) {
        this.nic = nic;
        this.fd = fd;
    }

    /**
     * From now on this NIC is known again.
     *
     * @throws ErrnoException EPERM without CAP_NET_RAW; ENODEV where the NIC is gone
     */
    public static HeldNic of(Nic nic) throws ErrnoException {
        int fd = (int) ErrnoException.check(
                Libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0), "socket(AF_PACKET)");
        try {
            PacketSocket.bind(fd, nic, (short) 0);
            return new HeldNic(nic, fd);
        } catch (ErrnoException refused) {
            Libc.close(fd);
            throw refused;
        }
    }

    /** The NIC as it was when it was held. */
    public Nic nic() {
        return nic;
    }

    /** False, for good: it is gone, or was, if only for a moment. */
    public boolean isThere() throws ErrnoException {
        return PacketSocket.isBound(fd);
    }

    /** Gives the socket back. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
