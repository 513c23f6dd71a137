package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import java.lang.foreign.MemorySegment;

/**
 * One frame, read in place: Ethernet, up to two VLAN tags, IPv4 or IPv6, and the start of layer 4. {@link #parse} checks
 * everything once; after it said {@link Fault#NONE}, the accessors are plain fields. They hold until the next
 * {@code parse}, and what they say of layer 4 holds only where {@link #hasTransport}.
 *
 * <p>Sources: IEEE 802.3 and 802.1Q, RFC 791, RFC 8200, RFC 9293, RFC 768, RFC 792, RFC 4443, RFC 9260.
 */
public final class Packet {
    /** What is wrong with a frame. */
    public enum Fault {
        /** Nothing. */
        NONE,
        /** The link header is cut, or more than two VLAN tags. */
        LINK,
        /** The IP header or its extension headers. */
        IP,
        /** The layer 4 header. */
        TRANSPORT
    }

    /** Ethertype of IPv4. */
    public static final int IPV4 = 0x0800;
    /** Ethertype of ARP. */
    public static final int ARP = 0x0806;
    /** Ethertype of IPv6. */
    public static final int IPV6 = 0x86dd;

    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int MAX_TAGS = 2;
    private static final int ETHERNET_HEADER = 14;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int MAX_DATAGRAM = 65_535;
    private static final int MAX_EXTENSIONS = 8;
    private static final int MAX_CHAIN = 512;
    private static final int OPTION_END = 0;
    private static final int OPTION_NOP = 1;
    private static final int OPTION_LOOSE_SOURCE_ROUTE = 131;
    private static final int OPTION_STRICT_SOURCE_ROUTE = 137;
    private static final int TCP_HEADER = 20;
    private static final int TIMESTAMP_OPTION = 12;
    /** Two times NOP, kind 8, length 10. */
    private static final int TIMESTAMP_ALONE = 0x0101_080a;

    private static final int SCTP_HEADER = 12;
    private static final int UDP_HEADER = 8;
    private static final int ICMP_HEADER = 8;

    // What is known of the frame, in one word: there is less to forget for the next one.
    private static final int IP = 1;
    private static final int V6 = 1 << 1;
    private static final int FRAGMENT = 1 << 2;
    private static final int MORE_FRAGMENTS = 1 << 3;
    private static final int TINY = 1 << 4;
    private static final int TRANSPORT_SEEN = 1 << 5;

    private MemorySegment memory = MemorySegment.NULL;
    private long frame;
    private long end;
    private int etherType;
    private int vlans;
    private long network;
    /** {@link #IP} to {@link #TRANSPORT_SEEN}. */
    private int is;

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
    private long transport;
    private long transportEnd;
    /** Source in the upper half, destination in the lower. */
    private int ports;

    private int tcpFlags;
    private int tcpSequence;
    private int tcpAcknowledgment;
    private int tcpWindow;
    private int tcpHeaderLength;
    /** Type, code, identifier, from the top. */
    private int icmp;

    /** A view of no frame yet. */
    public Packet() {}

    /**
     * Looks at a frame.
     *
     * @param frames the memory it lies in
     * @param at byte offset of the destination MAC address
     * @param length bytes, without FCS
     * @return {@link Fault#NONE} where all accessors hold; else what is wrong, and only what lies before the fault holds
     */
    public Fault parse(MemorySegment frames, long at, int length) {
        memory = frames;
        frame = at;
        end = at + length;
        is = 0;
        protocol = 0;
        vlans = 0;
        etherType = 0;
        ports = 0;
        icmp = 0;
        sourceHigh = 0;
        sourceLow = 0;
        destinationHigh = 0;
        destinationLow = 0;
        if (length < ETHERNET_HEADER) {
            return Fault.LINK;
        }
        long next = at + ETHERNET_HEADER;
        int type = Bytes.u16(frames, next - 2);
        for (int tags = 0; type == VLAN || type == SERVICE_VLAN; tags++) {
            if (tags == MAX_TAGS || end - next < 4) {
                return Fault.LINK;
            }
            int id = Bytes.u16(frames, next) & 0xfff;
            // A priority tag (id 0) names no VLAN: the flow is that of the untagged frame.
            vlans = id == 0 ? vlans : vlans << 12 | id;
            type = Bytes.u16(frames, next + 2);
            next += 4;
        }
        etherType = type;
        network = next;
        return switch (type) {
            case IPV4 -> parseIpv4();
            case IPV6 -> parseIpv6();
            default -> Fault.NONE;
        };
    }

    private Fault parseIpv4() {
        if (end - network < IPV4_HEADER) {
            return Fault.IP;
        }
        // Version, header length, service, total length, identification, fragment; TTL, protocol, checksum, source.
        long first = Bytes.i64(memory, network);
        long second = Bytes.i64(memory, network + 8);
        long destination = Bytes.u32(memory, network + 16);
        int headerLength = (int) (first >>> 56 & 0xf) * 4;
        int totalLength = (int) (first >>> 32) & 0xffff;
        if (first >>> 60 != 4
                || headerLength < IPV4_HEADER
                || totalLength < headerLength
                || totalLength > end - network) {
            return Fault.IP;
        }
        if (!isHeaderRight(TransportChecksum.sum(first, second) + destination, network + headerLength)) {
            return Fault.IP;
        }
        is = IP;
        hopLimit = (int) (second >>> 56);
        protocol = (int) (second >>> 48) & 0xff;
        sourceLow = second & 0xffff_ffffL;
        destinationLow = destination;
        transport = network + headerLength;
        transportEnd = network + totalLength;
        int fragmentField = (int) first & 0x3fff;
        if (fragmentField != 0) {
            datagramId = (int) (first >>> 16) & 0xffff;
            return parseFragment((fragmentField & 0x1fff) * 8, (fragmentField & 0x2000) != 0, headerLength);
        }
        return parseTransport();
    }

    /** Looks at the checksum of an IPv4 header, given the sum of its fixed part, and at its options. */
    private boolean isHeaderRight(long fixedSum, long to) {
        long options = network + IPV4_HEADER;
        long sum = to == options ? fixedSum : fixedSum + TransportChecksum.sum(memory, options, to);
        return TransportChecksum.isRight(sum) && hasSafeOptions(options, to);
    }

    private boolean hasSafeOptions(long from, long to) {
        long at = from;
        while (at < to) {
            int option = Bytes.u8(memory, at);
            if (option == OPTION_END) {
                return true;
            }
            if (option == OPTION_NOP) {
                at++;
                continue;
            }
            if (option == OPTION_LOOSE_SOURCE_ROUTE || option == OPTION_STRICT_SOURCE_ROUTE || to - at < 2) {
                return false;
            }
            int length = Bytes.u8(memory, at + 1);
            if (length < 2 || length > to - at) {
                return false;
            }
            at += length;
        }
        return true;
    }

    private Fault parseIpv6() {
        if (end - network < IPV6_HEADER || Bytes.u8(memory, network) >>> 4 != 6) {
            return Fault.IP;
        }
        long payloadEnd = network + IPV6_HEADER + Bytes.u16(memory, network + 4);
        if (payloadEnd > end) {
            return Fault.IP;
        }
        is = IP | V6;
        hopLimit = Bytes.u8(memory, network + 7);
        sourceHigh = Bytes.i64(memory, network + 8);
        sourceLow = Bytes.i64(memory, network + 16);
        destinationHigh = Bytes.i64(memory, network + 24);
        destinationLow = Bytes.i64(memory, network + 32);
        transportEnd = payloadEnd;
        return parseExtensions();
    }

    private Fault parseExtensions() {
        long at = network + IPV6_HEADER;
        int next = Bytes.u8(memory, network + 6);
        boolean firstOfDatagram = false;
        for (int count = 0; IpProtocol.isExtension(next); count++) {
            if (count == MAX_EXTENSIONS || next == IpProtocol.HOP_BY_HOP && count > 0) {
                return Fault.IP;
            }
            if (transportEnd - at < 8) {
                return cutChain(firstOfDatagram);
            }
            int kind = next;
            next = Bytes.u8(memory, at);
            if (kind == IpProtocol.FRAGMENT) {
                if (isFragment()) {
                    return Fault.IP;
                }
                int field = Bytes.u16(memory, at + 2);
                boolean more = (field & 1) != 0;
                int offset = field & 0xfff8;
                datagramId = Bytes.i32(memory, at + 4);
                at += 8;
                if (at - network - IPV6_HEADER > MAX_CHAIN) {
                    return Fault.IP;
                }
                if (!more && offset == 0) {
                    continue;
                }
                protocol = next;
                transport = at;
                int unfragmentable = (int) (at - network - IPV6_HEADER - 8);
                Fault fault = checkFragment(offset, more, unfragmentable);
                if (fault != Fault.NONE || offset > 0) {
                    return fault;
                }
                firstOfDatagram = true;
                continue;
            }
            int length = (Bytes.u8(memory, at + 1) + 1) * 8;
            if (kind == IpProtocol.ROUTING && Bytes.u8(memory, at + 2) == 0
                    || at + length - network - IPV6_HEADER > MAX_CHAIN) {
                return Fault.IP;
            }
            if (length > transportEnd - at) {
                return cutChain(firstOfDatagram);
            }
            at += length;
        }
        protocol = next;
        transport = at;
        return parseTransport();
    }

    /** RFC 7112: the first fragment holds the whole chain; a whole packet does too. */
    private Fault cutChain(boolean firstOfDatagram) {
        if (!firstOfDatagram) {
            return Fault.IP;
        }
        is |= TINY;
        return Fault.NONE;
    }

    private Fault parseFragment(int offset, boolean more, int lengthBefore) {
        Fault fault = checkFragment(offset, more, lengthBefore);
        return fault != Fault.NONE || offset > 0 ? fault : parseTransport();
    }

    /** What holds for every fragment; {@code lengthBefore} is what the datagram's length field counts besides the data. */
    private Fault checkFragment(int offset, boolean more, int lengthBefore) {
        fragmentOffset = offset;
        fragmentProtocol = protocol;
        long data = transportEnd - transport;
        fragmentLength = (int) data;
        if (data == 0 || more && data % 8 != 0 || lengthBefore + offset + data > MAX_DATAGRAM) {
            is |= FRAGMENT;
            return Fault.IP;
        }
        // RFC 1858: a later fragment must not rewrite the header that the first was judged by.
        boolean tiny = offset > 0 && offset < minimumHeader();
        is |= FRAGMENT | (more ? MORE_FRAGMENTS : 0) | (tiny ? TINY : 0);
        return Fault.NONE;
    }

    private int minimumHeader() {
        return switch (protocol) {
            case IpProtocol.TCP -> TCP_HEADER;
            case IpProtocol.SCTP -> SCTP_HEADER;
            case IpProtocol.UDP -> UDP_HEADER;
            case IpProtocol.ICMP -> isV6() ? 0 : ICMP_HEADER;
            case IpProtocol.ICMPV6 -> isV6() ? ICMP_HEADER : 0;
            default -> 0;
        };
    }

    private Fault parseTransport() {
        long length = transportEnd - transport;
        if (length < minimumHeader()) {
            return tooShort();
        }
        is |= TRANSPORT_SEEN;
        switch (protocol) {
            case IpProtocol.TCP -> {
                return parseTcp(length);
            }
            case IpProtocol.UDP -> {
                ports = Bytes.i32(memory, transport);
                int udpLength = Bytes.u16(memory, transport + 4);
                if (udpLength < UDP_HEADER || udpLength > length && !isFragment()) {
                    return Fault.TRANSPORT;
                }
            }
            case IpProtocol.SCTP -> ports = Bytes.i32(memory, transport);
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                if (isIcmp()) {
                    icmp = Bytes.u16(memory, transport) << 16 | Bytes.u16(memory, transport + 4);
                }
            }
            default -> {
                // Other protocols are judged by their addresses alone.
            }
        }
        return Fault.NONE;
    }

    private Fault parseTcp(long length) {
        long first = Bytes.i64(memory, transport);
        ports = (int) (first >>> 32);
        tcpSequence = (int) first;
        // Acknowledgment, header length, control bits, window.
        long second = Bytes.i64(memory, transport + 8);
        tcpAcknowledgment = (int) (second >>> 32);
        tcpHeaderLength = (int) (second >>> 28 & 0xf) * 4;
        tcpFlags = (int) (second >>> 16) & 0xff;
        tcpWindow = (int) second & 0xffff;
        if (tcpHeaderLength < TCP_HEADER) {
            return Fault.TRANSPORT;
        }
        return tcpHeaderLength > length ? tooShort() : Fault.NONE;
    }

    private Fault tooShort() {
        if (!isFragment()) {
            return Fault.TRANSPORT;
        }
        is = is & ~TRANSPORT_SEEN | TINY;
        return Fault.NONE;
    }

    /** Ethertype after the VLAN tags; below 0x0600 the length of an LLC frame. */
    public int etherType() {
        return etherType;
    }

    /** VLAN ids that are not 0, 12 bits each, the outer one higher; 0 where there is none. */
    public int vlans() {
        return vlans;
    }

    /** True: the layer 3 accessors hold. */
    public boolean isIp() {
        return (is & IP) != 0;
    }

    /** True for IPv6, false for IPv4. */
    public boolean isV6() {
        return (is & V6) != 0;
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
        return (is & FRAGMENT) != 0;
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
        return (is & MORE_FRAGMENTS) != 0;
    }

    /** What a fragment's sender numbers its datagrams by: 16 bits of IPv4, 32 of IPv6. */
    public int datagramId() {
        return datagramId;
    }

    /** The protocol as a fragment's fragment header names it: of IPv6 it may be an extension header's that follows. */
    public int fragmentProtocol() {
        return fragmentProtocol;
    }

    /** True: a first fragment without the whole layer 4 header, or a later one that starts inside it (RFC 1858). */
    public boolean isTiny() {
        return (is & TINY) != 0;
    }

    /** True: ports, TCP and ICMP accessors hold, each for its protocol. */
    public boolean hasTransport() {
        return (is & TRANSPORT_SEEN) != 0;
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

    /** TCP acknowledgment number; means something with ACK only. */
    public int tcpAcknowledgment() {
        return tcpAcknowledgment;
    }

    /** TCP window as it stands in the header, not scaled. */
    public int tcpWindow() {
        return tcpWindow;
    }

    /** TCP payload in bytes. */
    public int tcpPayload() {
        return (int) (transportEnd - transport) - tcpHeaderLength;
    }

    /** Walks the options of this TCP segment. */
    public void readTcpOptions(TcpOptions options) {
        options.read(memory, transport + TCP_HEADER, transport + tcpHeaderLength);
    }

    /** True: this TCP segment has no options, or a timestamp alone, as stacks lay it out (RFC 7323, appendix A). */
    public boolean hasPlainTcpOptions() {
        return tcpHeaderLength == TCP_HEADER
                || tcpHeaderLength == TCP_HEADER + TIMESTAMP_OPTION
                        && Bytes.i32(memory, transport + TCP_HEADER) == TIMESTAMP_ALONE;
    }

    /** True: ICMP over IPv4 or ICMPv6 over IPv6; crosswise it is a protocol like any other. */
    public boolean isIcmp() {
        return protocol == (isV6() ? IpProtocol.ICMPV6 : IpProtocol.ICMP);
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

    /** Reads what this ICMP error quotes; false where that is no packet that could belong to a flow. */
    public boolean readQuote(QuotedPacket quote) {
        return quote.read(memory, isV6(), transport + ICMP_HEADER, transportEnd);
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

    /** What the layer 4 checksum says. */
    public enum Checksum {
        /** Right, or the protocol has none that we verify, or UDP says 0: none. */
        RIGHT,
        /** Wrong, but just what a sender leaves for its NIC to fill in: the folded sum of the pseudo-header. */
        UNFINISHED,
        /** Wrong. */
        WRONG
    }

    /** Verifies the layer 4 checksum of TCP, UDP, ICMP and ICMPv6 (RFC 1071); not for fragments. */
    public Checksum verifyChecksum() {
        int field = checksumField();
        if (field < 0 || protocol == IpProtocol.UDP && Bytes.u16(memory, transport + field) == 0) {
            return Checksum.RIGHT;
        }
        long coveredEnd = checksummedEnd();
        long pseudo = pseudoHeader(coveredEnd - transport);
        if (TransportChecksum.isRight(pseudo + TransportChecksum.sum(memory, transport, coveredEnd))) {
            return Checksum.RIGHT;
        }
        return hasUnfinishedChecksum() ? Checksum.UNFINISHED : Checksum.WRONG;
    }

    /**
     * True: a later NIC may write a checksum there without touching anything that was read here. Whoever stands behind a
     * virtual NIC chooses that place (struct virtio_net_hdr), and a sum written over a port number would pass as what it
     * is not. It is the checksum of layer 4, or of something that the payload carries (a tunnel).
     *
     * @param start bytes from the start of the frame to the first byte that is summed
     * @param field bytes from the start of the frame to the two bytes that are written
     */
    public boolean mayFillIn(int start, int field) {
        if (!hasTransport() || isFragment()) {
            return false;
        }
        if (frame + start == transport && checksumField() >= 0) {
            return field - start == checksumField();
        }
        return field >= start && frame + start >= payload() && frame + field + 2 <= transportEnd;
    }

    /** Offset of what no accessor here reads; of an ICMP message all is read. */
    private long payload() {
        if (isIcmp()) {
            return transportEnd;
        }
        return switch (protocol) {
            case IpProtocol.TCP -> transport + tcpHeaderLength;
            case IpProtocol.UDP -> transport + UDP_HEADER;
            case IpProtocol.SCTP -> transport + SCTP_HEADER;
            default -> transport;
        };
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

    /** Bytes of everything before the payload: what each packet of a super-frame repeats. */
    public int headersLength() {
        return (int) (payload() - frame);
    }

    /**
     * True: the checksum of TCP, UDP or ICMPv6 is what a sender leaves for its NIC to fill in. One in 65,536 right ones looks the
     * same, and {@link #finishChecksum} leaves it as it is. Not for fragments.
     */
    public boolean hasUnfinishedChecksum() {
        boolean offloadable =
                protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.ICMPV6 && isV6();
        return offloadable
                && Bytes.u16(memory, transport + checksumField())
                        == TransportChecksum.fold(pseudoHeader(checksummedEnd() - transport));
    }

    /** Writes the right checksum in the place of an unfinished one. */
    public void finishChecksum() {
        long at = transport + checksumField();
        Bytes.put16(memory, at, 0);
        long coveredEnd = checksummedEnd();
        int sum = ~TransportChecksum.fold(
                        pseudoHeader(coveredEnd - transport) + TransportChecksum.sum(memory, transport, coveredEnd))
                & 0xffff;
        Bytes.put16(memory, at, sum == 0 && protocol == IpProtocol.UDP ? 0xffff : sum);
    }

    private int checksumField() {
        return switch (protocol) {
            case IpProtocol.TCP -> 16;
            case IpProtocol.UDP -> 6;
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> isIcmp() ? 2 : -1;
            default -> -1;
        };
    }

    private long checksummedEnd() {
        return protocol == IpProtocol.UDP ? transport + Bytes.u16(memory, transport + 4) : transportEnd;
    }

    private long pseudoHeader(long length) {
        if (protocol == IpProtocol.ICMP) {
            return 0;
        }
        return TransportChecksum.sum(sourceHigh, sourceLow)
                + TransportChecksum.sum(destinationHigh, destinationLow)
                + length
                + protocol;
    }
}
