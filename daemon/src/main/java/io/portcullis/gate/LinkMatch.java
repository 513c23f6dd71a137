package io.portcullis.gate;

import static io.portcullis.gate.GateCode.DROP;
import static io.portcullis.gate.GateCode.PASS;
import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_ABS;
import static io.portcullis.linux.packet.SocketFilter.BPF_B;
import static io.portcullis.linux.packet.SocketFilter.BPF_H;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_JGE;
import static io.portcullis.linux.packet.SocketFilter.BPF_LD;
import static io.portcullis.linux.packet.SocketFilter.BPF_W;

import io.portcullis.linux.packet.SocketFilter.Label;
import io.portcullis.net.EtherType;
import io.portcullis.net.LinkClass;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.wire.IcmpHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.policy.Policy;

/** The part of a gate that passes or drops link traffic by its class, as the engine does (security-groups.md section 4). */
final class LinkMatch {
    private static final int BRIDGE_GROUP_HIGH = 0x0180c200;
    private static final int BRIDGE_GROUP_MASK = 0xfff0;

    private static final int DHCP_SERVER = 67;
    private static final int DHCP_CLIENT = 68;
    private static final int DHCPV6_CLIENT = 546;
    private static final int DHCPV6_SERVER = 547;

    private final Policy policy;
    private final boolean inward;
    private final GateCode code;

    LinkMatch(Policy policy, boolean inward, GateCode code) {
        this.policy = policy;
        this.inward = inward;
        this.code = code;
    }

    boolean passes(LinkClass linkClass) {
        return policy.passes(linkClass.key());
    }

    /** A is the type of a frame that is not IP. Ends. */
    void ofFrame() throws TooLong {
        code.endIf(EtherType.ARP, passes(LinkClass.ARP) ? PASS : DROP);
        for (int type : policy.ethertypes()) {
            code.endIf(type, PASS);
        }
        code.endIf(EtherType.EAPOL, passes(LinkClass.EAPOL) ? PASS : DROP)
                .endIf(EtherType.LLDP, passes(LinkClass.LLDP) ? PASS : DROP)
                .endIf(EtherType.SLOW, passes(LinkClass.SLOW) ? PASS : DROP)
                .endIf(EtherType.PPPOE_DISCOVERY, passes(LinkClass.PPPOE) ? PASS : DROP)
                .endIf(EtherType.PPPOE_SESSION, passes(LinkClass.PPPOE) ? PASS : DROP);
        if (passes(LinkClass.STP) != passes(LinkClass.OTHER)) {
            Label other = code.label();
            code.jump(BPF_JGE, EtherType.FIRST, other, NEXT)
                    .add(BPF_LD | BPF_W | BPF_ABS, 0)
                    .jump(BPF_JEQ, BRIDGE_GROUP_HIGH, NEXT, other)
                    .add(BPF_LD | BPF_H | BPF_ABS, 4)
                    .and(BRIDGE_GROUP_MASK)
                    .jump(BPF_JEQ, 0, NEXT, other)
                    .end(passes(LinkClass.STP) ? PASS : DROP)
                    .mark(other);
        }
        code.end(passes(LinkClass.OTHER) ? PASS : DROP);
    }

    /** Of ICMPv6 that is at X + {@code at}: discovery. A is the type, before and after. */
    void ofIcmpv6(int at) throws TooLong {
        for (int type = 0; type < 256; type++) {
            if (Icmp.isNeighbourDiscovery(type)) {
                boolean passes = passes(type == Icmp.REDIRECT ? LinkClass.NDP_REDIRECT : LinkClass.NDP);
                Label other = code.label();
                code.jump(BPF_JEQ, type, NEXT, other);
                if (passes) {
                    code.recall(Scratch.HOP_LIMIT)
                            .endUnless(Icmp.NEIGHBOUR_HOP_LIMIT, DROP)
                            .load(BPF_B, at + IcmpHeader.CODE)
                            .endIf(0, PASS);
                }
                code.end(DROP).mark(other);
            } else if (Icmp.isListenerDiscovery(type) && passes(LinkClass.MLD)) {
                Label other = code.label();
                code.jump(BPF_JEQ, type, NEXT, other)
                        .recall(Scratch.HOP_LIMIT)
                        .endUnless(Icmp.LISTENER_HOP_LIMIT, DROP)
                        .recall(Scratch.FROM_LINK)
                        .endIf(1, PASS)
                        .end(DROP)
                        .mark(other);
            }
        }
    }

    /** Of a UDP datagram at X + {@code at}: DHCP. */
    void ofUdp(boolean v6, int at) throws TooLong {
        int client = v6 ? DHCPV6_CLIENT : DHCP_CLIENT;
        int server = v6 ? DHCPV6_SERVER : DHCP_SERVER;
        if (passes(inward ? LinkClass.DHCP_SERVER : LinkClass.DHCP)) {
            passPorts(at, client, server);
        }
        if (passes(inward ? LinkClass.DHCP : LinkClass.DHCP_SERVER)) {
            passPorts(at, server, client);
        }
    }

    private void passPorts(int at, int source, int destination) throws TooLong {
        code.load(BPF_W, at + UdpHeader.SOURCE_PORT).endIf(source << 16 | destination, PASS);
    }
}
