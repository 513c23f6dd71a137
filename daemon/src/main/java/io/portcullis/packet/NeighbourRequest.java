package io.portcullis.packet;

import io.portcullis.net.Address;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.ArpPacket;

/**
 * The question of a host for the MAC address of another: an ARP request for IPv4 (RFC 826) or a neighbour solicitation (RFC 4861,
 * section 4.3). Mutable: read anew from each packet.
 */
public final class NeighbourRequest {
    private static final int MAC_LENGTH = 6;
    private static final int IPV4_LENGTH = 4;
    /** Of the target address in a solicitation, from the first byte of ICMPv6. */
    private static final int SOLICITED = 8;

    private boolean v6;
    private long askerHigh;
    private long askerLow;
    private long askedHigh;
    private long askedLow;

    /** A request of nobody, to be filled. */
    public NeighbourRequest() {}

    /**
     * Reads a packet.
     *
     * @param packet parsed without fault
     * @return false: it is no such request, and the accessors do not hold
     */
    public boolean read(Packet packet) {
        return packet.isIp() ? readSolicitation(packet) : packet.etherType() == EtherType.ARP && readArp(packet);
    }

    private boolean readArp(Packet packet) {
        if (!ArpPacket.isWhole(0, packet.networkLength())
                || packet.networkByte(ArpPacket.HARDWARE_LENGTH) != MAC_LENGTH
                || packet.networkByte(ArpPacket.PROTOCOL_LENGTH) != IPV4_LENGTH
                || packet.networkByte(ArpPacket.OPERATION) != 0
                || packet.networkByte(ArpPacket.OPERATION + 1) != ArpPacket.REQUEST) {
            return false;
        }
        v6 = false;
        askerHigh = 0;
        askerLow = 0;
        askedHigh = 0;
        askedLow = 0;
        for (int i = 0; i < IPV4_LENGTH; i++) {
            askerLow = askerLow << 8 | packet.networkByte(ArpPacket.SENDER + i);
            askedLow = askedLow << 8 | packet.networkByte(ArpPacket.TARGET + i);
        }
        return true;
    }

    private boolean readSolicitation(Packet packet) {
        if (!packet.isV6()
                || packet.protocol() != IpProtocol.ICMPV6
                || !packet.hasTransport()
                || packet.isFragment()
                || packet.icmpType() != Icmp.NEIGHBOUR_SOLICITATION
                || packet.transportLength() < Icmp.shortest(Icmp.NEIGHBOUR_SOLICITATION)) {
            return false;
        }
        v6 = true;
        askerHigh = packet.sourceHigh();
        askerLow = packet.sourceLow();
        askedHigh = 0;
        askedLow = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            askedHigh = askedHigh << 8 | packet.transportByte(SOLICITED + i);
            askedLow = askedLow << 8 | packet.transportByte(SOLICITED + Long.BYTES + i);
        }
        return true;
    }

    /** True: the host with that address asks. */
    public boolean isFrom(Address address) {
        return address.isV6() == v6 && address.high() == askerHigh && address.low() == askerLow;
    }

    /** True: the request is for that address. */
    public boolean asksFor(Address address) {
        return address.isV6() == v6 && address.high() == askedHigh && address.low() == askedLow;
    }
}
