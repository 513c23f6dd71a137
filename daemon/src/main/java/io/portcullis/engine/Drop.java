package io.portcullis.engine;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;

/** A dropped frame as the log describes it: a copy of the parsed header, reused for other frames. */
public final class Drop {
    private Direction direction = Direction.INGRESS;
    private Reason reason = Reason.NONE;
    private boolean ip;
    private boolean v6;
    private boolean transport;
    private boolean icmp;
    private int protocol;
    private int etherType;
    private int vlans;
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int sourcePort;
    private int destinationPort;
    private int icmpType;
    private int icmpCode;
    private boolean passed;
    private long count;

    Drop() {}

    Drop(Drop other) {
        direction = other.direction;
        reason = other.reason;
        ip = other.ip;
        v6 = other.v6;
        transport = other.transport;
        icmp = other.icmp;
        protocol = other.protocol;
        etherType = other.etherType;
        vlans = other.vlans;
        sourceHigh = other.sourceHigh;
        sourceLow = other.sourceLow;
        destinationHigh = other.destinationHigh;
        destinationLow = other.destinationLow;
        sourcePort = other.sourcePort;
        destinationPort = other.destinationPort;
        icmpType = other.icmpType;
        icmpCode = other.icmpCode;
        passed = other.passed;
        count = other.count;
    }

    void of(Packet packet, Direction way, Reason why, boolean audited) {
        passed = audited;
        direction = way;
        reason = why;
        ip = packet.isIp();
        v6 = packet.isV6();
        transport = packet.hasTransport();
        icmp = packet.isIcmp();
        protocol = packet.protocol();
        etherType = packet.etherType();
        vlans = packet.vlans();
        sourceHigh = packet.sourceHigh();
        sourceLow = packet.sourceLow();
        destinationHigh = packet.destinationHigh();
        destinationLow = packet.destinationLow();
        sourcePort = packet.sourcePort();
        destinationPort = packet.destinationPort();
        icmpType = packet.icmpType();
        icmpCode = packet.icmpCode();
        count = 1;
    }

    void again() {
        count++;
    }

    void forget() {
        count = 0;
    }

    /** Number of frames: the described one, and others that hashed to its place in {@link DropSamples} after it. */
    public long count() {
        return count;
    }

    /** The reason of the drop. */
    public Reason reason() {
        return reason;
    }

    /** True: the frame passed, as {@code enforce: audit} drops nothing. */
    public boolean passed() {
        return passed;
    }

    /** {@code ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(96)
                .append(direction.label())
                .append(' ')
                .append(reason.label())
                .append(' ');
        if (!ip) {
            text.append("ethertype 0x").append(Integer.toHexString(etherType));
        } else {
            text.append(protocolName()).append(' ');
            appendEnd(text, sourceHigh, sourceLow, sourcePort);
            text.append(" > ");
            appendEnd(text, destinationHigh, destinationLow, destinationPort);
            if (transport && icmp) {
                text.append(" type ").append(icmpType).append(" code ").append(icmpCode);
            }
        }
        if (vlans != 0) {
            text.append(" vlan ");
            if (vlans >>> 12 != 0) {
                text.append(vlans >>> 12).append('.');
            }
            text.append(vlans & 0xfff);
        }
        return text.toString();
    }

    private String protocolName() {
        return switch (protocol) {
            case IpProtocol.TCP -> "tcp";
            case IpProtocol.UDP -> "udp";
            case IpProtocol.SCTP -> "sctp";
            case IpProtocol.ICMP -> "icmp";
            case IpProtocol.ICMPV6 -> "icmpv6";
            default -> "proto " + protocol;
        };
    }

    private boolean hasPorts() {
        return transport && (protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || protocol == IpProtocol.SCTP);
    }

    private void appendEnd(StringBuilder text, long high, long low, int port) {
        boolean bracket = v6 && hasPorts();
        text.append(bracket ? "[" : "");
        AddressText.append(text, v6, high, low);
        text.append(bracket ? "]" : "");
        if (hasPorts()) {
            text.append(':').append(port);
        }
    }
}
