package io.portcullis.linux.netlink;

import java.net.InetAddress;

/**
 * A TCP socket of this network namespace that is connected to another.
 *
 * @param local its own address; IPv4 also where the socket is an IPv6 one that speaks IPv4
 * @param device index of the NIC that it is bound to; 0: it is bound to none
 * @param sendScale shift count for the windows that the other end offers; -1: unknown
 * @param receiveScale for those that this end offers
 */
public record TcpSocket(
        InetAddress local,
        int localPort,
        InetAddress remote,
        int remotePort,
        int device,
        int sendScale,
        int receiveScale) {}
