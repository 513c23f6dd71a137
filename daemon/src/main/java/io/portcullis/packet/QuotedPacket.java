package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import java.lang.foreign.MemorySegment;

/**
 * The packet that an ICMP error quotes: its IP header and at least the first 8 bytes of layer 4 (RFC 792, RFC 1812,
 * RFC 4443). Its own checksums and lengths are not looked at: routers change and cut what they quote.
 */
public final class QuotedPacket {
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
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

    /** A quote of nothing yet. */
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
        if (to - from < IPV4_HEADER) {
            return -1;
        }
        int versionAndLength = Bytes.u8(memory, from);
        int headerLength = (versionAndLength & 0xf) * 4;
        boolean laterFragment = (Bytes.u16(memory, from + 6) & 0x1fff) != 0;
        if (versionAndLength >>> 4 != 4 || headerLength < IPV4_HEADER || headerLength > to - from || laterFragment) {
            return -1;
        }
        protocol = Bytes.u8(memory, from + 9);
        sourceHigh = 0;
        sourceLow = Bytes.u32(memory, from + 12);
        destinationHigh = 0;
        destinationLow = Bytes.u32(memory, from + 16);
        return from + headerLength;
    }

    /** Offset of layer 4, or -1. */
    private long readIpv6(MemorySegment memory, long from, long to) {
        if (to - from < IPV6_HEADER || Bytes.u8(memory, from) >>> 4 != 6) {
            return -1;
        }
        sourceHigh = Bytes.i64(memory, from + 8);
        sourceLow = Bytes.i64(memory, from + 16);
        destinationHigh = Bytes.i64(memory, from + 24);
        destinationLow = Bytes.i64(memory, from + 32);
        int next = Bytes.u8(memory, from + 6);
        long at = from + IPV6_HEADER;
        for (int count = 0; IpProtocol.isExtension(next); count++) {
            if (count == MAX_EXTENSIONS || to - at < 8) {
                return -1;
            }
            boolean fragment = next == IpProtocol.FRAGMENT;
            if (fragment && (Bytes.u16(memory, at + 2) & 0xfff8) != 0) {
                return -1;
            }
            next = Bytes.u8(memory, at);
            at += fragment ? 8 : (Bytes.u8(memory, at + 1) + 1) * 8L;
        }
        protocol = next;
        return at;
    }

    private boolean readTransport(MemorySegment memory, long transport, long to) {
        boolean enough = to - transport >= ENOUGH;
        return switch (protocol) {
            case IpProtocol.TCP, IpProtocol.UDP, IpProtocol.SCTP -> enough && readPorts(memory, transport);
            case IpProtocol.ICMP, IpProtocol.ICMPV6 ->
                v6 == (protocol == IpProtocol.ICMPV6) ? enough && readQuery(memory, transport) : transport <= to;
            default -> transport <= to;
        };
    }

    private boolean readPorts(MemorySegment memory, long transport) {
        sourcePort = Bytes.u16(memory, transport);
        destinationPort = Bytes.u16(memory, transport + 2);
        tcpSequence = Bytes.i32(memory, transport + 4);
        return true;
    }

    private boolean readQuery(MemorySegment memory, long transport) {
        icmpType = Bytes.u8(memory, transport);
        icmpCode = Bytes.u8(memory, transport + 1);
        icmpIdentifier = Bytes.u16(memory, transport + 4);
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
