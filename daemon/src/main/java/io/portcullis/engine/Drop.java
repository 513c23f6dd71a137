package io.portcullis.engine;

import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.policy.CompiledRule;
import io.portcullis.policy.Policy;
import org.jspecify.annotations.Nullable;

/**
 * A dropped frame, or the first one of an admitted flow, as the log describes it: a copy of the parsed header, reused for other frames.
 */
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
    private long atNs;
    private long count;

    /** Of an admitted flow: the policy that has admitted it. */
    private @Nullable Policy policy;

    /** Of an admitted flow: the number of its rule in {@link #policy}. */
    private int rule;

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
        atNs = other.atNs;
        count = other.count;
        policy = other.policy;
        rule = other.rule;
    }

    void ofFlow(Packet packet, Direction way, Policy inForce, int number, long nowNs) {
        of(packet, way, Reason.NONE, false, nowNs);
        policy = inForce;
        rule = number;
    }

    void of(Packet packet, Direction way, Reason why, boolean audited, long nowNs) {
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
        atNs = nowNs;
        count = 1;
    }

    void again() {
        count++;
    }

    void forget() {
        count = 0;
        policy = null;
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

    /** Time of the described frame: monotonic, nanoseconds, as of its batch. */
    public long atNs() {
        return atNs;
    }

    /** The direction in which it travels. */
    public Direction direction() {
        return direction;
    }

    /** The rule that admitted its flow; null: it is no frame of an admitted flow. */
    public @Nullable CompiledRule rule() {
        return policy == null ? null : policy.rule(rule);
    }

    /** Protocol of IP; -1: it is not IP. */
    public int protocol() {
        return ip ? protocol : -1;
    }

    /** True: it describes a frame of the same source. */
    boolean isFrom(Packet packet) {
        return sourceLow == packet.sourceLow() && sourceHigh == packet.sourceHigh();
    }

    /** Source of an IP packet; null: it is not IP. */
    public @Nullable Address source() {
        return ip ? new Address(v6, sourceHigh, sourceLow) : null;
    }

    /** Destination of an IP packet; null: it is not IP. */
    public @Nullable Address destination() {
        return ip ? new Address(v6, destinationHigh, destinationLow) : null;
    }

    /** Source port; -1: it has no ports. */
    public int sourcePort() {
        return hasPorts() ? sourcePort : -1;
    }

    /** Destination port; -1: it has no ports. */
    public int destinationPort() {
        return hasPorts() ? destinationPort : -1;
    }

    /** VLAN ids: the inner one in bits 0 to 11, the outer one in bits 12 to 23; 0: no tag. */
    public int vlans() {
        return vlans;
    }

    /** Selector of the rules: destination port; type × 256 + code; else 0. */
    public int selector() {
        return transport && icmp ? icmpType << 8 | icmpCode : hasPorts() ? destinationPort : 0;
    }

    /** {@code ingress no-rule tcp 198.51.100.7:40000 > 10.0.0.1:22}; of an admitted flow without the reason. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(96).append(direction.label()).append(' ');
        if (reason != Reason.NONE) {
            text.append(reason.label()).append(' ');
        }
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
