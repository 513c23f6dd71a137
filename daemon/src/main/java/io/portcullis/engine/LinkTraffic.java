package io.portcullis.engine;

import io.portcullis.conntrack.Flow;
import io.portcullis.net.Direction;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;
import io.portcullis.packet.wire.ArpPacket;
import io.portcullis.policy.Policy;
import java.util.Arrays;

/**
 * The check of link traffic, which no IP rule covers: ARP, neighbour discovery, DHCP and others (security-groups.md section 4). The
 * policy passes or drops each class. The first check after parsing.
 */
final class LinkTraffic {
    /** The outcome for one frame. */
    enum Answer {
        /** It is not link traffic, or the rules decide about its class. */
        ASK_RULES,
        PASS,
        DROP,
        /** Its class passes, but its sender address is not one of that side. */
        SPOOFED
    }

    private static final long BRIDGE_GROUP = 0x0180c2000000L;

    private static final int MAC_LENGTH = 6;
    private static final int IPV4_LENGTH = 4;

    private static final int DHCP_SERVER = 67;
    private static final int DHCP_CLIENT = 68;
    private static final int DHCPV6_CLIENT = 546;
    private static final int DHCPV6_SERVER = 547;

    private final Policy policy;
    private final boolean arp;
    private final boolean ndp;
    private final boolean ndpRedirect;
    private final boolean mld;
    private final boolean dhcp;
    private final boolean dhcpServer;
    private final boolean igmp;
    private final boolean lldp;
    private final boolean stp;
    private final boolean slow;
    private final boolean eapol;
    private final boolean pppoe;
    private final boolean other;
    private final int[] ethertypes;

    LinkTraffic(Policy policy) {
        this.policy = policy;
        arp = policy.passes("arp");
        ndp = policy.passes("ndp");
        ndpRedirect = policy.passes("ndp-redirect");
        mld = policy.passes("mld");
        dhcp = policy.passes("dhcp");
        dhcpServer = policy.passes("dhcp-server");
        igmp = policy.passes("igmp");
        lldp = policy.passes("lldp");
        stp = policy.passes("stp");
        slow = policy.passes("slow");
        eapol = policy.passes("eapol");
        pppoe = policy.passes("pppoe");
        other = policy.passes("other");
        ethertypes = policy.ethertypes();
        Arrays.sort(ethertypes);
    }

    /** Judges a frame without fault. */
    Answer judge(Packet packet, Direction direction) {
        if (!packet.isIp()) {
            if (packet.etherType() == EtherType.ARP) {
                return judgeArp(packet, direction);
            }
            return passesEtherType(packet) ? Answer.PASS : Answer.DROP;
        }
        if (!packet.hasTransport()) {
            return Answer.ASK_RULES;
        }
        if (packet.isV6() && packet.protocol() == IpProtocol.ICMPV6) {
            return judgeIcmpv6(packet);
        }
        if (packet.isFragment()) {
            return Answer.ASK_RULES;
        }
        boolean passes = switch (packet.protocol()) {
            case IpProtocol.UDP -> isPassedDhcp(packet, direction);
            case IpProtocol.IGMP -> igmp && !packet.isV6();
            default -> false;
        };
        return passes ? Answer.PASS : Answer.ASK_RULES;
    }

    private boolean passesEtherType(Packet packet) {
        int type = packet.etherType();
        boolean passes = switch (type) {
            case EtherType.EAPOL -> eapol;
            case EtherType.LLDP -> lldp;
            case EtherType.SLOW -> slow;
            case EtherType.PPPOE_DISCOVERY, EtherType.PPPOE_SESSION -> pppoe;
            default -> type < EtherType.FIRST && packet.destinationMac() >>> 4 == BRIDGE_GROUP >>> 4 ? stp : other;
        };
        return passes || Arrays.binarySearch(ethertypes, type) >= 0;
    }

    private Answer judgeArp(Packet packet, Direction direction) {
        if (!arp || !isArp(packet)) {
            return Answer.DROP;
        }
        if (!policy.checksSources()) {
            return Answer.PASS;
        }
        long sender = 0;
        for (int i = 0; i < IPV4_LENGTH; i++) {
            sender = sender << 8 | packet.networkByte(ArpPacket.SENDER + i);
        }
        boolean own = policy.isOwn(false, 0, sender);
        // A probe has no address yet (RFC 5227).
        boolean maySpeak = sender == 0 || Addresses.isLinkLocalV4(sender);
        boolean fits = maySpeak || own == (direction == Direction.EGRESS);
        return fits ? Answer.PASS : Answer.SPOOFED;
    }

    private static boolean isArp(Packet packet) {
        return ArpPacket.isWhole(0, packet.networkLength())
                && packet.networkByte(ArpPacket.HARDWARE_LENGTH) == MAC_LENGTH
                && packet.networkByte(ArpPacket.PROTOCOL_LENGTH) == IPV4_LENGTH;
    }

    private Answer judgeIcmpv6(Packet packet) {
        int type = packet.icmpType();
        boolean isRedirect = type == Icmp.REDIRECT;
        if (Icmp.isNeighbourDiscovery(type)) {
            boolean passes = (isRedirect ? ndpRedirect : ndp) && !packet.isFragment() && isNeighbourDiscovery(packet);
            return passes ? Answer.PASS : Answer.DROP;
        }
        if (!Icmp.isListenerDiscovery(type) || !mld || packet.isFragment()) {
            return Answer.ASK_RULES;
        }
        boolean fromLink =
                Addresses.isLinkLocalV6(packet.sourceHigh()) || packet.sourceHigh() == 0 && packet.sourceLow() == 0;
        return packet.hopLimit() == Icmp.LISTENER_HOP_LIMIT && fromLink ? Answer.PASS : Answer.DROP;
    }

    /** RFC 4861: checks hop limit, code and length; the options end exactly at the end of the message. */
    private static boolean isNeighbourDiscovery(Packet packet) {
        if (packet.hopLimit() != Icmp.NEIGHBOUR_HOP_LIMIT || packet.icmpCode() != 0) {
            return false;
        }
        int length = packet.transportLength();
        int at = Icmp.shortest(packet.icmpType());
        while (at + 2 <= length) {
            int option = packet.transportByte(at + 1) * 8;
            if (option == 0) {
                return false;
            }
            at += option;
        }
        return at == length;
    }

    private boolean isPassedDhcp(Packet packet, Direction direction) {
        boolean outward = direction == Direction.EGRESS;
        return isDhcp(packet, true) && (outward ? dhcp : dhcpServer)
                || isDhcp(packet, false) && (outward ? dhcpServer : dhcp);
    }

    /** True for DHCP (RFC 2131) or DHCPv6 (RFC 8415), passed or not; false for a fragment. */
    static boolean isDhcp(Packet packet) {
        return !packet.isFragment() && (isDhcp(packet, true) || isDhcp(packet, false));
    }

    /** True for UDP with a port of DHCP or DHCPv6: a policy may treat such packets as link traffic, without their flow. */
    static boolean hasPortOfDhcp(Flow flow) {
        return flow.protocol() == IpProtocol.UDP
                && (isPortOfDhcp(flow.selector() >>> 16) || isPortOfDhcp(flow.selector() & 0xffff));
    }

    private static boolean isPortOfDhcp(int port) {
        return port == DHCP_CLIENT || port == DHCP_SERVER || port == DHCPV6_CLIENT || port == DHCPV6_SERVER;
    }

    /** True for DHCP or DHCPv6 from client to server, or from server to client. */
    private static boolean isDhcp(Packet packet, boolean toServer) {
        int client = packet.isV6() ? DHCPV6_CLIENT : DHCP_CLIENT;
        int server = packet.isV6() ? DHCPV6_SERVER : DHCP_SERVER;
        return packet.protocol() == IpProtocol.UDP
                && packet.sourcePort() == (toServer ? client : server)
                && packet.destinationPort() == (toServer ? server : client);
    }
}
