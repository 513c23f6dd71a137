package io.portcullis.gate;

import static io.portcullis.gate.GateCode.DROP;
import static io.portcullis.gate.GateCode.PASS;
import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_ABS;
import static io.portcullis.linux.packet.SocketFilter.BPF_ADD;
import static io.portcullis.linux.packet.SocketFilter.BPF_ALU;
import static io.portcullis.linux.packet.SocketFilter.BPF_B;
import static io.portcullis.linux.packet.SocketFilter.BPF_H;
import static io.portcullis.linux.packet.SocketFilter.BPF_IMM;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_JGE;
import static io.portcullis.linux.packet.SocketFilter.BPF_JSET;
import static io.portcullis.linux.packet.SocketFilter.BPF_LD;
import static io.portcullis.linux.packet.SocketFilter.BPF_LDX;
import static io.portcullis.linux.packet.SocketFilter.BPF_LSH;
import static io.portcullis.linux.packet.SocketFilter.BPF_MISC;
import static io.portcullis.linux.packet.SocketFilter.BPF_TAX;
import static io.portcullis.linux.packet.SocketFilter.BPF_W;
import static io.portcullis.linux.packet.SocketFilter.BPF_X;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_MARK;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_OFF;
import static io.portcullis.linux.packet.SocketFilter.SKF_AD_PROTOCOL;

import io.portcullis.config.PacketMark;
import io.portcullis.linux.packet.SocketFilter;
import io.portcullis.linux.packet.SocketFilter.Label;
import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.ExtensionHeader;
import io.portcullis.packet.wire.FragmentHeader;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.VlanTag;
import io.portcullis.policy.Policy;

/**
 * Writes the program of one direction of a NIC. It keeps no state: what a failsafe rule admits passes with or without a connection, and
 * so do the replies to what a failsafe rule of the other direction admits, of TCP those with ACK.
 *
 * <p>It is never more open than the daemon would be for a packet that opens a connection, and drops what it can't parse: more than one
 * VLAN tag beside the one that the kernel removed, more than {@value #EXTENSIONS} IPv6 extension headers, headers that are cut. Later
 * fragments pass where any failsafe rule has their address, for without the first one they are worth nothing; so do ICMP errors that
 * quote a packet to or from such an address, as path MTU discovery needs them. Left to the host's stack: checksums and the
 * plausibility of addresses.
 *
 * <p>Offsets begin at the Ethernet header (net/sched/cls_bpf.c). X is the length of the variable headers before the current one.
 */
final class GateProgram {
    /** Limit of IPv6 extension headers, the fragment header included. */
    private static final int EXTENSIONS = 4;

    private static final int NETWORK = EthernetHeader.LENGTH;
    private static final int TRANSPORT_V6 = NETWORK + Ipv6Header.LENGTH;
    private static final int VERSION = 0xf0;
    private static final int LEAST_IPV4 = Ipv4Header.WITHOUT_OPTIONS;
    private static final int BEYOND_IPV4 = 0x50;
    private static final int FRAGMENT_OFFSET_V6 = 0xfff8;

    private static final int LINK_LOCAL = 0xfe800000;
    private static final int LINK_LOCAL_MASK = 0xffc00000;

    private final Policy policy;
    private final PacketMark mark;
    private final boolean inward;
    private final GateCode code = new GateCode();

    private GateProgram(Policy policy, PacketMark mark, boolean inward) {
        this.policy = policy;
        this.mark = mark;
        this.inward = inward;
    }

    /**
     * The program of one direction.
     *
     * @param mark frames with it are the daemon's, and pass
     */
    static SocketFilter of(Policy policy, PacketMark mark, boolean inward) throws TooLong {
        return new GateProgram(policy, mark, inward).assemble();
    }

    /** Drops every frame. */
    static SocketFilter drop() {
        return new SocketFilter.Assembly().add(SocketFilter.BPF_RET, DROP).done();
    }

    private SocketFilter assemble() throws TooLong {
        Label ipv4 = code.label();
        Label ipv6 = code.label();
        Label untagged = code.label();
        Label tagged = code.label();
        code.add(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_MARK)
                .and(mark.mask())
                .endIf(mark.value() & mark.mask(), PASS)
                .add(BPF_LDX | BPF_IMM, 0)
                .need(NETWORK)
                .add(BPF_LD | BPF_IMM, 0);
        for (int word = 0; word < Scratch.WORDS; word++) {
            code.keep(word);
        }
        code.add(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + SKF_AD_PROTOCOL)
                .jump(BPF_JEQ, EtherType.VLAN, tagged, NEXT)
                .jump(BPF_JEQ, EtherType.SERVICE_VLAN, tagged, untagged)
                .mark(tagged)
                .need(NETWORK + VlanTag.LENGTH)
                .add(BPF_LDX | BPF_IMM, VlanTag.LENGTH)
                .load(BPF_H, EthernetHeader.TYPE)
                .endIf(EtherType.VLAN, DROP)
                .endIf(EtherType.SERVICE_VLAN, DROP)
                .mark(untagged)
                .goIf(EtherType.IPV4, ipv4)
                .goIf(EtherType.IPV6, ipv6);
        new LinkMatch(policy, inward, code).ofFrame();
        code.mark(ipv4);
        readIpv4();
        code.mark(ipv6);
        readIpv6();
        return code.done();
    }

    private void readIpv4() throws TooLong {
        Label plausible = code.label();
        Label whole = code.label();
        Label later = code.label();
        Label match = code.label();
        code.need(NETWORK + Ipv4Header.LENGTH)
                .load(BPF_B, NETWORK)
                .jump(BPF_JGE, BEYOND_IPV4, NEXT, plausible)
                .end(DROP)
                .mark(plausible)
                .jump(BPF_JGE, LEAST_IPV4, whole, NEXT)
                .end(DROP)
                .mark(whole)
                .load(BPF_W, NETWORK + (inward ? Ipv4Header.SOURCE : Ipv4Header.DESTINATION))
                .keep(Scratch.PEER)
                .load(BPF_B, NETWORK + Ipv4Header.PROTOCOL)
                .keep(Scratch.PROTOCOL)
                .load(BPF_H, NETWORK + Ipv4Header.FRAGMENT)
                .jump(BPF_JSET, Ipv4Header.OFFSET_MASK, later, NEXT)
                // The offset of layer 4, with X, is that of a packet without IP header.
                .load(BPF_B, NETWORK)
                .and(0xf)
                .add(BPF_ALU | BPF_LSH, 2)
                .add(BPF_ALU | BPF_ADD | BPF_X, 0)
                .add(BPF_MISC | BPF_TAX, 0);
        new TransportMatch(policy, inward, false, NETWORK, code).read(match);
        code.mark(later).set(Scratch.ADDRESS_ONLY, 1).mark(match);
        new RuleMatch(policy, inward, false, code).emit();
    }

    private void readIpv6() throws TooLong {
        Label later = code.label();
        Label transport = code.label();
        Label match = code.label();
        code.need(TRANSPORT_V6).load(BPF_B, NETWORK).and(VERSION).endUnless(0x60, DROP);
        for (int word = 0; word < 4; word++) {
            code.load(BPF_W, NETWORK + (inward ? Ipv6Header.SOURCE : Ipv6Header.DESTINATION) + 4 * word)
                    .keep(Scratch.PEER + word);
        }
        code.load(BPF_B, NETWORK + Ipv6Header.HOP_LIMIT).keep(Scratch.HOP_LIMIT);
        readFromLink();
        code.load(BPF_B, NETWORK + Ipv6Header.NEXT_HEADER);
        for (int passed = 0; passed < EXTENSIONS; passed++) {
            passExtension(transport, later);
        }
        for (int type = 0; type < 256; type++) {
            if (IpProtocol.isExtension(type)) {
                code.endIf(type, DROP);
            }
        }
        code.mark(transport).keep(Scratch.PROTOCOL);
        new TransportMatch(policy, inward, true, TRANSPORT_V6, code).read(match);
        code.mark(later).set(Scratch.ADDRESS_ONLY, 1).mark(match);
        new RuleMatch(policy, inward, true, code).emit();
    }

    private void readFromLink() throws TooLong {
        Label fromLink = code.label();
        Label done = code.label();
        code.load(BPF_W, NETWORK + Ipv6Header.SOURCE).and(LINK_LOCAL_MASK).jump(BPF_JEQ, LINK_LOCAL, fromLink, NEXT);
        for (int word = 0; word < 4; word++) {
            code.load(BPF_W, NETWORK + Ipv6Header.SOURCE + 4 * word).jump(BPF_JEQ, 0, NEXT, done);
        }
        code.mark(fromLink).set(Scratch.FROM_LINK, 1).mark(done);
    }

    /** A is the type of the next header, before and after. */
    private void passExtension(Label transport, Label later) throws TooLong {
        Label fragment = code.label();
        Label extension = code.label();
        Label first = code.label();
        Label add = code.label();
        for (int type = 0; type < 256; type++) {
            if (IpProtocol.isExtension(type) && type != IpProtocol.FRAGMENT) {
                code.jump(BPF_JEQ, type, extension, NEXT);
            }
        }
        code.jump(BPF_JEQ, IpProtocol.FRAGMENT, fragment, NEXT)
                .go(transport)
                .mark(fragment)
                .need(TRANSPORT_V6 + FragmentHeader.LENGTH)
                .load(BPF_H, TRANSPORT_V6 + FragmentHeader.FRAGMENT)
                .jump(BPF_JSET, FRAGMENT_OFFSET_V6, NEXT, first)
                .go(later)
                .mark(first)
                .load(BPF_B, TRANSPORT_V6)
                .keep(Scratch.ASIDE)
                .add(BPF_LD | BPF_IMM, FragmentHeader.LENGTH)
                .go(add)
                .mark(extension)
                .need(TRANSPORT_V6 + ExtensionHeader.SHORTEST)
                .load(BPF_B, TRANSPORT_V6 + ExtensionHeader.NEXT_HEADER)
                .keep(Scratch.ASIDE)
                .load(BPF_B, TRANSPORT_V6 + ExtensionHeader.EXTENSION_LENGTH)
                .add(BPF_ALU | BPF_ADD, 1)
                .add(BPF_ALU | BPF_LSH, 3)
                .mark(add)
                .add(BPF_ALU | BPF_ADD | BPF_X, 0)
                .add(BPF_MISC | BPF_TAX, 0)
                .recall(Scratch.ASIDE);
    }
}
