package io.portcullis.worker;

import io.portcullis.net.Address;

/**
 * One conversation: the TCP connections of a peer to one local port, whatever the peer's port. A second attempt to connect counts.
 *
 * @param peer the address outside
 * @param local the address inside for which the peer asks by ARP or NDP; connections to other local addresses count too
 * @param localPort TCP port inside
 */
public record PeerWatch(Address peer, Address local, int localPort) {
    private static final int MAX_PORT = 65_535;

    public PeerWatch {
        if (peer.isV6() != local.isV6()) {
            throw new IllegalArgumentException(peer + " and " + local + " are of different families");
        }
        if (localPort < 1 || localPort > MAX_PORT) {
            throw new IllegalArgumentException("port " + localPort);
        }
    }
}
