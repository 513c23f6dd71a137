package io.portcullis.service.traffic;

import io.portcullis.config.Rule;
import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;
import io.portcullis.recorder.DropRecord;
import io.portcullis.recorder.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** A recorded drop in words. */
final class DropText {
    private static final int URG = 0x20;
    private static final int OUTER_VLAN = 12;
    private static final int VLAN_ID = 0xfff;

    private DropText() {}

    /** {@code tcp 203.0.113.9:51544 → 10.0.5.10:8443 SYN}. */
    static String packet(DropRecord drop) {
        String text = switch (drop.scope()) {
            case EXACT -> whole(drop);
            case SOURCE ->
                drop.source() == null ? protocol(drop) + ", many" : drop.source() + " → many destinations or ports";
            case TARGET ->
                drop.destination() == null
                        ? protocol(drop) + ", many"
                        : protocol(drop) + " many sources → " + end(drop, drop.destination(), drop.destinationPort());
            case REASON -> "many sources and destinations";
        };
        return drop.vlans() == 0 ? text : text + " vlan " + vlans(drop);
    }

    private static String whole(DropRecord drop) {
        Address source = drop.source();
        Address destination = drop.destination();
        if (source == null || destination == null) {
            return protocol(drop);
        }
        return (protocol(drop) + " " + end(drop, source, drop.sourcePort()) + " → "
                        + end(drop, destination, drop.destinationPort()) + " " + detail(drop))
                .strip();
    }

    private static String detail(DropRecord drop) {
        if (!drop.transport()) {
            return "";
        }
        return isIcmp(drop) ? "type " + drop.icmpType() + " code " + drop.icmpCode() : flags(drop);
    }

    /** {@code SYN,ACK}; empty: not TCP. */
    static String flags(DropRecord drop) {
        if (drop.protocol() != IpProtocol.TCP || !drop.transport()) {
            return "";
        }
        List<String> names = new ArrayList<>();
        add(names, drop, TcpFlags.SYN, "SYN");
        add(names, drop, TcpFlags.FIN, "FIN");
        add(names, drop, TcpFlags.RST, "RST");
        add(names, drop, TcpFlags.PSH, "PSH");
        add(names, drop, URG, "URG");
        add(names, drop, TcpFlags.ACK, "ACK");
        return names.isEmpty() ? "none" : String.join(",", names);
    }

    private static void add(List<String> names, DropRecord drop, int flag, String name) {
        if ((drop.tcpFlags() & flag) != 0) {
            names.add(name);
        }
    }

    private static String end(DropRecord drop, Address address, int port) {
        boolean hasPort = drop.transport() && Rule.hasPorts(drop.protocol());
        return !hasPort ? address.toString() : address.isV6() ? "[" + address + "]:" + port : address + ":" + port;
    }

    /** Name or number; of a frame that is not IP its EtherType. */
    static String protocol(DropRecord drop) {
        return drop.source() == null
                ? String.format("ethertype 0x%04x", drop.etherType())
                : Rule.protocolName(drop.protocol());
    }

    /** The ids, the outer one first; empty: no tag. */
    static String vlans(DropRecord drop) {
        int outer = drop.vlans() >>> OUTER_VLAN;
        String inner = Integer.toString(drop.vlans() & VLAN_ID);
        return drop.vlans() == 0 ? "" : outer == 0 ? inner : outer + "." + inner;
    }

    static boolean isIcmp(DropRecord drop) {
        Address source = drop.source();
        return source != null && IpProtocol.isIcmp(drop.protocol(), source.isV6());
    }

    /** What may be the cause; empty: the reason says all. */
    static String hint(DropRecord drop) {
        if (drop.scope() != Scope.EXACT) {
            return "";
        }
        return switch (drop.reason()) {
            case TCP_NO_SYN -> ofNoSyn(drop.tcpFlags());
            case TCP_WINDOW ->
                "a late or injected segment? its connection is tracked, its sequence number is not in the window";
            case TCP_STATE -> "a segment of a connection that has ended?";
            case ICMP_UNRELATED -> "an error about a packet that did not pass here";
            case SOURCE_CHECK ->
                drop.direction() == Direction.INGRESS
                        ? "a spoofed source, or a loop: it is an address of this side"
                        : "a spoofed source, or an address that the interface does not have in its configuration";
            case LINK_CLASS -> "pass-through lists the link-layer protocols that pass";
            case FLOW_LIMIT -> "the table is full: raise conntrack.max-flows";
            case RECHECK -> "an edit has removed its rule (on-reload: recheck)";
            case BAD_CHECKSUM -> "a damaged frame, or a NIC that should have filled in the checksum";
            default -> "";
        };
    }

    private static String ofNoSyn(int flags) {
        if ((flags & TcpFlags.SYN) != 0) {
            return "asymmetric path? SYN+ACK without SYN";
        }
        return (flags & TcpFlags.RST) != 0
                ? "a reset of a connection that is not tracked"
                : "a connection that has expired or ended, or whose SYN took another path";
    }

    static boolean hasNearest(DropRecord drop) {
        return drop.scope() == Scope.EXACT && drop.reason() == Reason.NO_RULE && drop.source() != null;
    }

    /** Selector of the rules: port, or type × 256 + code. */
    static int selector(DropRecord drop) {
        return isIcmp(drop) ? drop.icmpType() << 8 | drop.icmpCode() : drop.destinationPort();
    }

    /** The address that rules of its direction look at. */
    static Address peer(DropRecord drop) {
        return Objects.requireNonNull(drop.direction() == Direction.INGRESS ? drop.source() : drop.destination());
    }
}
