package io.portcullis.guard;

import io.portcullis.engine.Adopted;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.TcpSocket;
import io.portcullis.linux.netlink.TcpSockets;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the connections that a host has when it is guarded for the first time from its own sockets. */
public final class Adoption {
    private Adoption() {}

    /**
     * The connections of a NIC, by their local addresses.
     *
     * @param own addresses of the NIC
     */
    public static List<Adopted> connections(List<Cidr> own) throws ErrnoException {
        Set<Integer> listening = TcpSockets.listeningPorts();
        List<Adopted> connections = new ArrayList<>();
        for (TcpSocket socket : TcpSockets.established()) {
            Address local = NicAddresses.address(socket.local());
            if (own.stream().anyMatch(cidr -> cidr.contains(local))) {
                connections.add(adopted(socket, local, listening.contains(socket.localPort())));
            }
        }
        return connections;
    }

    private static Adopted adopted(TcpSocket socket, Address local, boolean opensHere) {
        Address remote = NicAddresses.address(socket.remote());
        return new Adopted(
                local.isV6(),
                remote.high(),
                remote.low(),
                socket.remotePort(),
                local.high(),
                local.low(),
                socket.localPort(),
                opensHere ? Direction.INGRESS : Direction.EGRESS,
                socket.sendScale(),
                socket.receiveScale());
    }
}
