package io.portcullis.packet;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.FragmentHeader;
import io.portcullis.packet.wire.IcmpHeader;
import io.portcullis.packet.wire.InternetChecksum;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.TransportHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
import java.lang.foreign.MemorySegment;

/**
 * A view of one frame in place: Ethernet, up to two VLAN tags, IPv4 or IPv6, and the header of layer 4. {@link #parse} checks
 * everything once; after {@link Fault#NONE} the accessors are plain fields. They hold until the next {@code parse}, those of
 * layer 4 only where {@link #hasTransport}. Sources: IEEE 802.3 and 802.1Q, RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443, RFC 9260.
 */
public final class Packet {
    /** The part of a frame that is malformed. */
    public enum Fault {
        NONE,
        /** The link header is cut, or there are more than two VLAN tags. */
        LINK,
        /** The IP header or its extension headers. */
        IP,
        /** The layer 4 header. */
        TRANSPORT
    }

    private static final int MAX_TAGS = 2;
    private static final int MAX_DATAGRAM = 65_535;

    // Bits of flags: one word is reset for each frame.
    private static final int IP = 1;
    private static final int V6 = 1 << 1;
    private static final int FRAGMENT = 1 << 2;
    private static final int MORE_FRAGMENTS = 1 << 3;
    private static final int TINY = 1 << 4;
    private static final int TRANSPORT = 1 << 5;

    // Without modifier: for the classes that read a part of the packet, TcpOptions, QuotedPacket and TransportChecksum.
    MemorySegment memory = MemorySegment.NULL;
    private long frame;
    private long end;
    private int etherType;
    private int vlans;
    private long network;
    /** {@link #IP} to {@link #TRANSPORT}. */
    private int flags;

    private int protocol;
    private int hopLimit;
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int fragmentOffset;
    private int fragmentLength;
    private int fragmentProtocol;
    private int datagramId;
    /** Layer 4 is in {@code [transport, transportEnd)} of the memory. */
    long transport;

    long transportEnd;
    /** Source in the upper half, destination in the lower. */
    private int ports;

    private int tcpFlags;
    private int tcpSequence;
    private int tcpAcknowledgment;
    private int tcpWindow;
    int tcpHeaderLength;
    /** Type, code, identifier, from the top. */
    private int icmp;

    private final ExtensionChain extensions = new ExtensionChain();

    /**
     * Parses a frame.
     *
     * @param frames the memory with the frame
     * @param at byte offset of the destination MAC address
     * @param length bytes, without FCS
     * @return {@link Fault#NONE}: all accessors hold; else only those of the headers before the fault
     */
    public Fault parse(MemorySegment frames, long at, int length) {
        memory = frames;
        frame = at;
        end = at + length;
        flags = 0;
        protocol = 0;
        vlans = 0;
        etherType = 0;
        ports = 0;
        icmp = 0;
        sourceHigh = 0;
        sourceLow = 0;
        destinationHigh = 0;
        destinationLow = 0;
        if (!EthernetHeader.isWhole(at, end)) {
            return Fault.LINK;
        }
        long next = at + EthernetHeader.LENGTH;
        int type = Bytes.u16(frames, at + EthernetHeader.TYPE);
        for (int tags = 0; EtherType.isVlan(type); tags++) {
            if (tags == MAX_TAGS || !VlanTag.isWhole(next, end)) {
                return Fault.LINK;
            }
            int id = Bytes.u16(frames, next + VlanTag.CONTROL) & VlanTag.ID_MASK;
            // A priority tag (id 0) names no VLAN: the flow is that of the untagged frame.
            vlans = id == 0 ? vlans : vlans << 12 | id;
            type = Bytes.u16(frames, next + VlanTag.TYPE);
            next += VlanTag.LENGTH;
        }
        etherType = type;
        network = next;
        return switch (type) {
            case EtherType.IPV4 -> parseIpv4();
            case EtherType.IPV6 -> parseIpv6();
            default -> Fault.NONE;
        };
    }

    private Fault parseIpv4() {
        if (end - network < Ipv4Header.LENGTH) {
            return Fault.IP;
        }
        // Version, header length, service, total length, identification, fragment; TTL, protocol, checksum, source.
        long first = Bytes.i64(memory, network);
        long second = Bytes.i64(memory, network + 8);
        long destination = Bytes.u32(memory, network + Ipv4Header.DESTINATION);
        int headerLength = Ipv4Header.length(first);
        int totalLength = (int) (first >>> 32) & 0xffff;
        long fixedSum = InternetChecksum.sum(first, second) + destination;
        if (!Ipv4Header.isWhole(first, totalLength)
                || totalLength > end - network
                || !Ipv4Header.isRight(memory, network, fixedSum, headerLength)) {
            return Fault.IP;
        }
        flags = IP;
        hopLimit = (int) (second >>> 56);
        protocol = (int) (second >>> 48) & 0xff;
        sourceLow = second & 0xffff_ffffL;
        destinationLow = destination;
        transport = network + headerLength;
        transportEnd = network + totalLength;
        int fragment = (int) first & (Ipv4Header.MORE_FRAGMENTS | Ipv4Header.OFFSET_MASK);
        if (fragment != 0) {
            datagramId = (int) (first >>> 16) & 0xffff;
            int offset = (fragment & Ipv4Header.OFFSET_MASK) * 8;
            Fault fault = checkFragment(offset, (fragment & Ipv4Header.MORE_FRAGMENTS) != 0, headerLength);
            if (fault != Fault.NONE || offset > 0) {
                return fault;
            }
        }
        return parseTransport();
    }

    private Fault parseIpv6() {
        if (!Ipv6Header.isWhole(memory, network, end)) {
            return Fault.IP;
        }
        long payloadEnd = network + Ipv6Header.LENGTH + Bytes.u16(memory, network + Ipv6Header.PAYLOAD_LENGTH);
        if (payloadEnd > end) {
            return Fault.IP;
        }
        flags = IP | V6;
        hopLimit = Bytes.u8(memory, network + Ipv6Header.HOP_LIMIT);
        sourceHigh = Bytes.i64(memory, network + Ipv6Header.SOURCE);
        sourceLow = Bytes.i64(memory, network + Ipv6Header.SOURCE + 8);
        destinationHigh = Bytes.i64(memory, network + Ipv6Header.DESTINATION);
        destinationLow = Bytes.i64(memory, network + Ipv6Header.DESTINATION + 8);
        transportEnd = payloadEnd;
        int next = Bytes.u8(memory, network + Ipv6Header.NEXT_HEADER);
        if (IpProtocol.isExtension(next)) {
            return parseExtensions(next);
        }
        protocol = next;
        transport = network + Ipv6Header.LENGTH;
        return parseTransport();
    }

    private Fault parseExtensions(int first) {
        long from = network + Ipv6Header.LENGTH;
        ExtensionChain.End how = extensions.walk(memory, from, transportEnd, first);
        if (extensions.hasFragmentHeader()) {
            long at = extensions.fragmentHeader();
            datagramId = Bytes.i32(memory, at + FragmentHeader.IDENTIFICATION);
            protocol = Bytes.u8(memory, at + FragmentHeader.NEXT_HEADER);
            transport = at + FragmentHeader.LENGTH;
            int offset = FragmentHeader.offset(memory, at);
            Fault fault = checkFragment(offset, FragmentHeader.hasMore(memory, at), (int) (at - from));
            if (fault != Fault.NONE || offset > 0) {
                return fault;
            }
        }
        if (how != ExtensionChain.End.WHOLE) {
            return how == ExtensionChain.End.CUT ? cut(Fault.IP) : Fault.IP;
        }
        protocol = extensions.protocol();
        transport = extensions.end();
        return parseTransport();
    }

    /** Checks any fragment; {@code lengthBefore}: bytes that the datagram's length field counts before the data. */
    private Fault checkFragment(int offset, boolean more, int lengthBefore) {
        fragmentOffset = offset;
        fragmentProtocol = protocol;
        long data = transportEnd - transport;
        fragmentLength = (int) data;
        flags |= FRAGMENT;
        if (data == 0 || more && data % 8 != 0 || lengthBefore + offset + data > MAX_DATAGRAM) {
            return Fault.IP;
        }
        // RFC 1858: a later fragment must not rewrite the header by which the first one was decided.
        boolean tiny = offset > 0 && offset < TransportHeader.length(protocol, isV6());
        flags |= (more ? MORE_FRAGMENTS : 0) | (tiny ? TINY : 0);
        return Fault.NONE;
    }

    private Fault parseTransport() {
        long length = transportEnd - transport;
        if (length < TransportHeader.length(protocol, isV6())) {
            return cut(Fault.TRANSPORT);
        }
        flags |= TRANSPORT;
        return switch (protocol) {
            case IpProtocol.TCP -> parseTcp(length);
            case IpProtocol.UDP -> parseUdp(length);
            case IpProtocol.SCTP -> {
                ports = Bytes.i32(memory, transport + TransportHeader.PORTS);
                yield Fault.NONE;
            }
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                icmp = isIcmp() ? IcmpHeader.typeCodeIdentifier(memory, transport) : 0;
                yield Fault.NONE;
            }
            default -> Fault.NONE;
        };
    }

    private Fault parseUdp(long length) {
        ports = Bytes.i32(memory, transport + TransportHeader.PORTS);
        int datagramLength = Bytes.u16(memory, transport + UdpHeader.DATAGRAM_LENGTH);
        return UdpHeader.isWhole(datagramLength, isFragment() ? MAX_DATAGRAM : length) ? Fault.NONE : Fault.TRANSPORT;
    }

    private Fault parseTcp(long length) {
        // Ports, sequence number; acknowledgment, header length, control bits, window.
        long first = Bytes.i64(memory, transport);
        ports = (int) (first >>> 32);
        tcpSequence = (int) first;
        long second = Bytes.i64(memory, transport + TcpHeader.ACKNOWLEDGMENT);
        tcpAcknowledgment = (int) (second >>> 32);
        tcpHeaderLength = (int) (second >>> 28 & 0xf) * 4;
        tcpFlags = (int) (second >>> 16) & 0xff;
        tcpWindow = (int) second & 0xffff;
        if (tcpHeaderLength < TcpHeader.LENGTH) {
            return Fault.TRANSPORT;
        }
        return tcpHeaderLength > length ? cut(Fault.TRANSPORT) : Fault.NONE;
    }

    /** The headers do not end in this packet. A first fragment is tiny then (RFC 7112); a whole packet is malformed. */
    private Fault cut(Fault fault) {
        if (!isFragment()) {
            return fault;
        }
        flags = flags & ~TRANSPORT | TINY;
        return Fault.NONE;
    }

    /** Ethertype after the VLAN tags; below 0x0600 the length of an LLC frame. */
    public int etherType() {
        return etherType;
    }

    /** VLAN ids that are not 0, 12 bits each, the outer one 12 bits above the inner one; 0: no tag with an id. */
    public int vlans() {
        return vlans;
    }

    /** True: the layer 3 accessors hold. */
    public boolean isIp() {
        return (flags & IP) != 0;
    }

    /** True for IPv6, false for IPv4. */
    public boolean isV6() {
        return (flags & V6) != 0;
    }

    /** IP protocol number, after the IPv6 extension headers. */
    public int protocol() {
        return protocol;
    }

    /** TTL or hop limit. */
    public int hopLimit() {
        return hopLimit;
    }

    /** High half of the source address; 0 for IPv4. */
    public long sourceHigh() {
        return sourceHigh;
    }

    /** Low half of the source address; IPv4 in its low 32 bits. */
    public long sourceLow() {
        return sourceLow;
    }

    /** High half of the destination address; 0 for IPv4. */
    public long destinationHigh() {
        return destinationHigh;
    }

    /** Low half of the destination address; IPv4 in its low 32 bits. */
    public long destinationLow() {
        return destinationLow;
    }

    /** True for a fragment of a datagram; an IPv6 atomic fragment is none. */
    public boolean isFragment() {
        return (flags & FRAGMENT) != 0;
    }

    /** Bytes of the datagram's data before this fragment's. */
    public int fragmentOffset() {
        return isFragment() ? fragmentOffset : 0;
    }

    /** Bytes of the datagram's data in this fragment. */
    public int fragmentLength() {
        return fragmentLength;
    }

    /** True: this fragment is not its datagram's last. */
    public boolean hasMoreFragments() {
        return (flags & MORE_FRAGMENTS) != 0;
    }

    /** Identification of a fragment's datagram: IPv4 16 bits, IPv6 32. */
    public int datagramId() {
        return datagramId;
    }

    /** The protocol in a fragment's IPv4 header or IPv6 fragment header; in IPv6 maybe that of another extension header. */
    public int fragmentProtocol() {
        return fragmentProtocol;
    }

    /** True: a first fragment without the whole layer 4 header, or a later one that starts inside it (RFC 1858). */
    public boolean isTiny() {
        return (flags & TINY) != 0;
    }

    /** True: ports, TCP and ICMP accessors hold, each for its protocol. */
    public boolean hasTransport() {
        return (flags & TRANSPORT) != 0;
    }

    /** TCP, UDP, SCTP. */
    public int sourcePort() {
        return ports >>> 16;
    }

    /** TCP, UDP, SCTP. */
    public int destinationPort() {
        return ports & 0xffff;
    }

    /** TCP control bits, as {@link TcpFlags} names them. */
    public int tcpFlags() {
        return tcpFlags;
    }

    /** TCP sequence number. */
    public int tcpSequence() {
        return tcpSequence;
    }

    /** TCP acknowledgment number; valid with ACK only. */
    public int tcpAcknowledgment() {
        return tcpAcknowledgment;
    }

    /** TCP window as in the header, not scaled. */
    public int tcpWindow() {
        return tcpWindow;
    }

    /** TCP payload in bytes. */
    public int tcpPayload() {
        return (int) (transportEnd - transport) - tcpHeaderLength;
    }

    /** As {@link IpProtocol#isIcmp}. */
    public boolean isIcmp() {
        return IpProtocol.isIcmp(protocol, isV6());
    }

    /** ICMP type. */
    public int icmpType() {
        return icmp >>> 24;
    }

    /** ICMP code. */
    public int icmpCode() {
        return icmp >>> 16 & 0xff;
    }

    /** Identifier of an ICMP query. */
    public int icmpIdentifier() {
        return icmp & 0xffff;
    }

    /** Reads the packet that this ICMP error quotes; false: it could belong to no flow. */
    public boolean readQuote(QuotedPacket quote) {
        return quote.read(memory, isV6(), transport + IcmpHeader.LENGTH, transportEnd);
    }

    /** Bytes after the IP header and its extension headers. */
    public int transportLength() {
        return (int) (transportEnd - transport);
    }

    /** A byte of layer 4, counted from its first. */
    public int transportByte(int at) {
        return Bytes.u8(memory, transport + at);
    }

    /** Bytes from the start of layer 3 to the end of the frame. */
    public int networkLength() {
        return (int) (end - network);
    }

    /** A byte of layer 3, counted from its first. */
    public int networkByte(int at) {
        return Bytes.u8(memory, network + at);
    }

    /** Destination MAC address in the low 48 bits. */
    public long destinationMac() {
        return Bytes.i64(memory, frame) >>> 16;
    }

    /** Verifies the checksum of TCP, UDP, ICMP and ICMPv6; not for fragments. */
    public ChecksumState verifyChecksum() {
        return TransportChecksum.verify(this);
    }

    /** True: the checksum of TCP, UDP or ICMPv6 is {@link ChecksumState#UNFINISHED}, or right and the same by chance. Not for fragments. */
    public boolean hasUnfinishedChecksum() {
        return TransportChecksum.isUnfinished(this);
    }

    /** Replaces an unfinished checksum by the right one. */
    public void finishChecksum() {
        TransportChecksum.finish(this);
    }

    /**
     * True: a later NIC may write a checksum there without changing anything that was read here.
     *
     * @param start bytes from the start of the frame to the first byte that is summed
     * @param field bytes from the start of the frame to the two bytes that are written
     */
    public boolean mayFillIn(int start, int field) {
        return hasTransport() && !isFragment() && TransportChecksum.mayFillIn(this, frame + start, frame + field);
    }

    /** Offset of the first byte that no accessor here reads; all bytes of an ICMP message are read. */
    long payload() {
        int header = protocol == IpProtocol.TCP ? tcpHeaderLength : TransportHeader.length(protocol, isV6());
        return isIcmp() ? transportEnd : transport + header;
    }

    /**
     * How many packets this frame stands for.
     *
     * @param segmentLength bytes of payload in each but the last; 0: it is one packet
     */
    public int packets(int segmentLength) {
        long payload = transportEnd - payload();
        return segmentLength == 0 || !hasTransport() || payload <= segmentLength
                ? 1
                : (int) ((payload + segmentLength - 1) / segmentLength);
    }

    /** Bytes before the payload; each packet of a super-frame repeats them. */
    public int headersLength() {
        return (int) (payload() - frame);
    }
}
