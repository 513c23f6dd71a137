package io.portcullis.linux.netlink;

import java.net.InetAddress;

/**
 * A connected TCP socket of this network namespace.
 *
 * @param local its own address; IPv4 also where an IPv6 socket carries an IPv4 connection
 * @param device index of the NIC to which it is bound; 0: none
 * @param sendScale window scale of the other end's offers; -1: unknown
 * @param receiveScale window scale of this end's offers; -1: unknown
 */
public record TcpSocket(
        InetAddress local,
        int localPort,
        InetAddress remote,
        int remotePort,
        int device,
        int sendScale,
        int receiveScale) {}
