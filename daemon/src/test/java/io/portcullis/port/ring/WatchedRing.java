package io.portcullis.port.ring;

import io.portcullis.linux.netlink.OwnNicChecks;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.port.PortException;

/** Opens ports of one worker, checked by this process's own checks: for programs in one network namespace. */
public final class WatchedRing {
    private static final OwnNicChecks OWN = new OwnNicChecks();

    private WatchedRing() {}

    public static RingPort open(String nic) throws PortException {
        return RingPort.open(nic, Steering.SINGLE, PacketSocket.SocketOptions.ALONE, OWN.checks())
                .getFirst();
    }
}
