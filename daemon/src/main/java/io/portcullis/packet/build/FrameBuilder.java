package io.portcullis.packet.build;

import io.portcullis.net.Address;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.IcmpHeader;
import io.portcullis.packet.wire.InternetChecksum;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.SctpHeader;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.TransportHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
import java.nio.ByteBuffer;

/**
 * Builds frames with right lengths and checksums: Ethernet, VLAN tags, IPv4 with DF or IPv6, one header of layer 4 without
 * options, and a payload of zeros. A frame starts with the destination MAC address and has no FCS.
 *
 * <p>Works on arrays without {@code MemorySegment}: segments of arrays would enter the type profile of {@code Bytes}, and the
 * compiled hot path would then check for two kinds of segments at each access.
 *
 * @param vlans as {@link io.portcullis.packet.Packet#vlans}: the inner id, the outer one 12 bits above; 0: no tag
 * @param hopLimit TTL or hop limit
 */
public record FrameBuilder(Address source, Address destination, int vlans, int hopLimit) {
    private static final int USUAL_HOP_LIMIT = 64;
    private static final int WINDOW = 65_535;
    /** Locally administered. */
    private static final long SOURCE_MAC = 0x0200_0000_0001L;

    private static final long DESTINATION_MAC = 0x0200_0000_0002L;

    public FrameBuilder {
        if (source.isV6() != destination.isV6()) {
            throw new IllegalArgumentException(source + " and " + destination + " are of different families");
        }
    }

    /** A builder of frames without tags. */
    public static FrameBuilder between(Address source, Address destination) {
        return new FrameBuilder(source, destination, 0, USUAL_HOP_LIMIT);
    }

    /**
     * A TCP segment.
     *
     * @param flags {@link io.portcullis.packet.TcpFlags}
     * @param payloadLength bytes
     */
    public byte[] tcp(
            int sourcePort, int destinationPort, int flags, int sequence, int acknowledgment, int payloadLength) {
        ByteBuffer tcp = ports(TcpHeader.LENGTH + payloadLength, sourcePort, destinationPort)
                .putInt(TcpHeader.SEQUENCE, sequence)
                .putInt(TcpHeader.ACKNOWLEDGMENT, acknowledgment)
                .put(TcpHeader.DATA_OFFSET, (byte) (TcpHeader.LENGTH / 4 << 4))
                .put(TcpHeader.FLAGS, (byte) flags)
                .putShort(TcpHeader.WINDOW, (short) WINDOW);
        return frame(IpProtocol.TCP, tcp);
    }

    /**
     * A UDP datagram.
     *
     * @param payloadLength bytes
     */
    public byte[] udp(int sourcePort, int destinationPort, int payloadLength) {
        int length = UdpHeader.LENGTH + payloadLength;
        ByteBuffer udp = ports(length, sourcePort, destinationPort).putShort(UdpHeader.DATAGRAM_LENGTH, (short) length);
        return frame(IpProtocol.UDP, udp);
    }

    /** An SCTP common header; verification tag and checksum are 0. */
    public byte[] sctp(int sourcePort, int destinationPort) {
        return frame(IpProtocol.SCTP, ports(SctpHeader.LENGTH, sourcePort, destinationPort));
    }

    /**
     * A message of ICMP over IPv4, of ICMPv6 over IPv6.
     *
     * @param length bytes with the header
     */
    public byte[] icmp(int type, int code, int identifier, int length) {
        ByteBuffer icmp = ByteBuffer.allocate(length)
                .put(IcmpHeader.TYPE, (byte) type)
                .put(IcmpHeader.CODE, (byte) code)
                .putShort(IcmpHeader.IDENTIFIER, (short) identifier);
        return frame(source.isV6() ? IpProtocol.ICMPV6 : IpProtocol.ICMP, icmp);
    }

    /**
     * A packet of a protocol without ports.
     *
     * @param payloadLength bytes after the IP header
     */
    public byte[] other(int protocol, int payloadLength) {
        return frame(protocol, ByteBuffer.allocate(payloadLength));
    }

    private static ByteBuffer ports(int length, int sourcePort, int destinationPort) {
        return ByteBuffer.allocate(length).putInt(TransportHeader.PORTS, sourcePort << 16 | destinationPort);
    }

    private byte[] frame(int protocol, ByteBuffer transport) {
        int outer = vlans >>> 12;
        int tags = outer != 0 ? 2 : vlans != 0 ? 1 : 0;
        int network = EthernetHeader.LENGTH + tags * VlanTag.LENGTH;
        boolean isV6 = source.isV6();
        int start = network + (isV6 ? Ipv6Header.LENGTH : Ipv4Header.LENGTH);
        int length = transport.capacity();
        ByteBuffer frame = ByteBuffer.allocate(start + length);
        frame.putLong(EthernetHeader.DESTINATION, DESTINATION_MAC << 16)
                .putLong(EthernetHeader.SOURCE, SOURCE_MAC << 16)
                .position(EthernetHeader.TYPE);
        if (outer != 0) {
            frame.putShort((short) EtherType.SERVICE_VLAN).putShort((short) outer);
        }
        if (vlans != 0) {
            frame.putShort((short) EtherType.VLAN).putShort((short) (vlans & VlanTag.ID_MASK));
        }
        frame.putShort((short) (isV6 ? EtherType.IPV6 : EtherType.IPV4));
        if (isV6) {
            putIpv6(frame, network, protocol, length);
        } else {
            putIpv4(frame, network, protocol, length);
        }
        frame.put(start, transport, 0, length);
        int field = TransportHeader.checksum(protocol, isV6);
        if (field != TransportHeader.NO_CHECKSUM) {
            int addresses = network + (isV6 ? Ipv6Header.SOURCE : Ipv4Header.SOURCE);
            long pseudoHeader = protocol == IpProtocol.ICMP ? 0 : sum(frame, addresses, start) + length + protocol;
            long sum = pseudoHeader + sum(frame, start, frame.capacity());
            frame.putShort(start + field, (short) InternetChecksum.nonZeroOf(sum));
        }
        return frame.array();
    }

    private void putIpv4(ByteBuffer frame, int at, int protocol, int length) {
        frame.put(at, (byte) Ipv4Header.WITHOUT_OPTIONS)
                .putShort(at + Ipv4Header.TOTAL_LENGTH, (short) (Ipv4Header.LENGTH + length))
                .putShort(at + Ipv4Header.FRAGMENT, (short) Ipv4Header.DO_NOT_FRAGMENT)
                .put(at + Ipv4Header.TTL, (byte) hopLimit)
                .put(at + Ipv4Header.PROTOCOL, (byte) protocol)
                .putInt(at + Ipv4Header.SOURCE, (int) source.low())
                .putInt(at + Ipv4Header.DESTINATION, (int) destination.low());
        int checksum = InternetChecksum.of(sum(frame, at, at + Ipv4Header.LENGTH));
        frame.putShort(at + Ipv4Header.CHECKSUM, (short) checksum);
    }

    private void putIpv6(ByteBuffer frame, int at, int protocol, int length) {
        frame.put(at + Ipv6Header.VERSION, (byte) (6 << 4))
                .putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) length)
                .put(at + Ipv6Header.NEXT_HEADER, (byte) protocol)
                .put(at + Ipv6Header.HOP_LIMIT, (byte) hopLimit)
                .putLong(at + Ipv6Header.SOURCE, source.high())
                .putLong(at + Ipv6Header.SOURCE + 8, source.low())
                .putLong(at + Ipv6Header.DESTINATION, destination.high())
                .putLong(at + Ipv6Header.DESTINATION + 8, destination.low());
    }

    /** As {@link InternetChecksum#sum}, of an array. */
    private static long sum(ByteBuffer bytes, int from, int to) {
        long sum = 0;
        int at = from;
        for (; at + 2 <= to; at += 2) {
            sum += bytes.getShort(at) & 0xffff;
        }
        return at < to ? sum + ((bytes.get(at) & 0xffL) << 8) : sum;
    }
}
