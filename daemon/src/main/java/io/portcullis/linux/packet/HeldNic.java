package io.portcullis.linux.packet;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.netlink.Nic;

/**
 * Identifies one NIC as long as it stays in this network namespace, even if its name or MAC address changes: a packet socket that
 * receives nothing stays bound to it. A NIC's name or index does not identify it, since another NIC may get the same. Any thread,
 * until {@link #close}.
 */
public final class HeldNic implements AutoCloseable {
    private final Nic nic;
    private final int fd;

    private HeldNic(Nic nic, int fd) {
        this.nic = nic;
        this.fd = fd;
    }

    /**
     * Binds a socket to a NIC.
     *
     * @throws ErrnoException EPERM without CAP_NET_RAW; ENODEV if the NIC is gone
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

    /** The NIC as it was at that time. */
    public Nic nic() {
        return nic;
    }

    /** False: it has left the namespace, if only for a moment; stays false. */
    public boolean isThere() throws ErrnoException {
        return PacketSocket.isBound(fd);
    }

    /** Closes the socket. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
