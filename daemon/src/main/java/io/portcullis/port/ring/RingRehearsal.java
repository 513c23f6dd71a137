package io.portcullis.port.ring;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.RehearsalSocket;
import io.portcullis.linux.packet.RehearsalSocket.Offload;
import io.portcullis.linux.packet.SendQueue;

/**
 * A {@link RingPort} over a {@link RehearsalSocket}: frames cross ports, engine and system calls without a NIC, so that this
 * code is compiled before the first real frame. Used by one thread, beside the port's own.
 */
public final class RingRehearsal implements AutoCloseable {
    private static final int MTU = 1_500;

    private final RehearsalSocket socket;
    private final RingPort port;

    private RingRehearsal(RehearsalSocket socket, RingPort port) {
        this.socket = socket;
        this.port = port;
    }

    /** Opens one whose socket accepts everything that is sent. */
    public static RingRehearsal open() throws ErrnoException {
        return open(SendQueue::send);
    }

    /** Opens one where {@code transmission} answers for the kernel. */
    static RingRehearsal open(Sender.Transmission transmission) throws ErrnoException {
        PacketSocket.RingGeometry geometry = Geometry.of(1);
        RehearsalSocket socket = RehearsalSocket.open(geometry);
        Nic nic = new Nic(
                0, "rehearsal", "", Nic.ARPHRD_ETHER, Nic.IFF_UP | Nic.IFF_RUNNING, true, MTU, "", 0, 0, "", "");
        RingPort port = RingNic.rehearsal(nic, Ring.rehearsal(socket.socket(), geometry), transmission);
        return new RingRehearsal(socket, port);
    }

    /** The port; its user closes it, before {@link #close}. */
    public RingPort port() {
        return port;
    }

    /**
     * A frame arrives.
     *
     * @return false: the ring is full
     */
    public boolean receive(byte[] frame, Offload offload) {
        return socket.deliver(frame, offload);
    }

    /** True: the port has released the newest frame. */
    public boolean isEmpty() {
        return socket.isEmpty();
    }

    /** Reads and discards what was sent. */
    public void drain() {
        socket.drain();
    }

    /** What was sent since the last time, 1 MiB at the most: each message's vnet header and its frame. */
    byte[] sent() {
        return socket.sent();
    }

    @Override
    public void close() {
        socket.close();
    }
}
