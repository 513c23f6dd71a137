package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.ExtensionHeader;
import io.portcullis.packet.wire.FragmentHeader;
import io.portcullis.packet.wire.IcmpHeader;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/**
 * The packet that an ICMP error quotes: its IP header and at least the first 8 bytes of layer 4 (RFC 792, RFC 1812,
 * RFC 4443). Its own checksums and lengths are not checked: routers change and cut the packets that they quote.
 */
public final class QuotedPacket {
    /** Bytes of layer 4: ports and TCP sequence number, or an ICMP header. */
    private static final int ENOUGH = 8;

    private static final int MAX_EXTENSIONS = 8;

    private boolean v6;
    private int protocol;
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int sourcePort;
    private int destinationPort;
    private int tcpSequence;
    private int icmpType;
    private int icmpCode;
    private int icmpIdentifier;

    /** Quotes nothing yet. */
    public QuotedPacket() {}

    boolean read(MemorySegment memory, boolean isV6, long from, long to) {
        v6 = isV6;
        sourcePort = 0;
        destinationPort = 0;
        icmpType = 0;
        icmpCode = 0;
        icmpIdentifier = 0;
        long transport = isV6 ? readIpv6(memory, from, to) : readIpv4(memory, from, to);
        return transport >= 0 && readTransport(memory, transport, to);
    }

    /** Offset of layer 4, or -1. */
    private long readIpv4(MemorySegment memory, long from, long to) {
        if (!Ipv4Header.isWhole(memory, from, to)
                || (Bytes.u16(memory, from + Ipv4Header.FRAGMENT) & Ipv4Header.OFFSET_MASK) != 0) {
            return -1;
        }
        protocol = Bytes.u8(memory, from + Ipv4Header.PROTOCOL);
        sourceHigh = 0;
        sourceLow = Bytes.u32(memory, from + Ipv4Header.SOURCE);
        destinationHigh = 0;
        destinationLow = Bytes.u32(memory, from + Ipv4Header.DESTINATION);
        return from + Ipv4Header.length(memory, from);
    }

    /** Offset of layer 4, or -1. */
    private long readIpv6(MemorySegment memory, long from, long to) {
        if (!Ipv6Header.isWhole(memory, from, to)) {
            return -1;
        }
        sourceHigh = Bytes.i64(memory, from + Ipv6Header.SOURCE);
        sourceLow = Bytes.i64(memory, from + Ipv6Header.SOURCE + 8);
        destinationHigh = Bytes.i64(memory, from + Ipv6Header.DESTINATION);
        destinationLow = Bytes.i64(memory, from + Ipv6Header.DESTINATION + 8);
        int next = Bytes.u8(memory, from + Ipv6Header.NEXT_HEADER);
        long at = from + Ipv6Header.LENGTH;
        for (int count = 0; IpProtocol.isExtension(next); count++) {
            if (count == MAX_EXTENSIONS || !ExtensionHeader.isReadable(at, to)) {
                return -1;
            }
            boolean fragment = next == IpProtocol.FRAGMENT;
            if (fragment && FragmentHeader.offset(memory, at) != 0) {
                return -1;
            }
            next = Bytes.u8(memory, at + ExtensionHeader.NEXT_HEADER);
            at += fragment ? FragmentHeader.LENGTH : ExtensionHeader.length(memory, at);
        }
        protocol = next;
        return at;
    }

    private boolean readTransport(MemorySegment memory, long transport, long to) {
        boolean enough = to - transport >= ENOUGH;
        return switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP -> enough && readPorts(memory, transport);
            case IpProtocol.ICMP, IpProtocol.ICMPV6 ->
                IpProtocol.isIcmp(protocol, v6) ? enough && readQuery(memory, transport) : transport <= to;
            default -> transport <= to;
        };
    }

    private boolean readPorts(MemorySegment memory, long transport) {
        sourcePort = Bytes.u16(memory, transport + TcpHeader.SOURCE_PORT);
        destinationPort = Bytes.u16(memory, transport + TcpHeader.DESTINATION_PORT);
        tcpSequence = Bytes.i32(memory, transport + TcpHeader.SEQUENCE);
        return true;
    }

    private boolean readQuery(MemorySegment memory, long transport) {
        icmpType = Bytes.u8(memory, transport + IcmpHeader.TYPE);
        icmpCode = Bytes.u8(memory, transport + IcmpHeader.CODE);
        icmpIdentifier = Bytes.u16(memory, transport + IcmpHeader.IDENTIFIER);
        return Icmp.isRequest(v6, icmpType) || Icmp.requestOf(v6, icmpType) != Icmp.NONE;
    }

    /** True for IPv6. */
    public boolean isV6() {
        return v6;
    }

    /** IP protocol number. */
    public int protocol() {
        return protocol;
    }

    /** High half of the source address; 0 for IPv4. */
    public long sourceHigh() {
        return sourceHigh;
    }

    /** Low half of the source address. */
    public long sourceLow() {
        return sourceLow;
    }

    long destinationHigh() {
        return destinationHigh;
    }

    long destinationLow() {
        return destinationLow;
    }

    int sourcePort() {
        return sourcePort;
    }

    int destinationPort() {
        return destinationPort;
    }

    /** TCP sequence number of the quoted segment. */
    public int tcpSequence() {
        return tcpSequence;
    }

    int icmpType() {
        return icmpType;
    }

    int icmpCode() {
        return icmpCode;
    }

    int icmpIdentifier() {
        return icmpIdentifier;
    }
}
