package io.portcullis.gate;

import static io.portcullis.gate.GateCode.DROP;
import static io.portcullis.gate.GateCode.PASS;
import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_ADD;
import static io.portcullis.linux.packet.SocketFilter.BPF_ALU;
import static io.portcullis.linux.packet.SocketFilter.BPF_B;
import static io.portcullis.linux.packet.SocketFilter.BPF_H;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_W;

import io.portcullis.linux.packet.SocketFilter.Label;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.LinkClass;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.wire.IcmpHeader;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.SctpHeader;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.TransportHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.policy.Policy;

/** The part of a gate that reads layer 4 and keeps its selectors; link traffic ends there. */
final class TransportMatch {
    private static final int ACK = 0x10;
    private static final int VERSION = 0xf0;

    private final LinkMatch link;
    private final boolean inward;
    private final boolean v6;
    private final int at;
    private final GateCode code;

    /**
     * For one family.
     *
     * @param at offset of layer 4, less X
     */
    TransportMatch(Policy policy, boolean inward, boolean v6, int at, GateCode code) {
        this.link = new LinkMatch(policy, inward, code);
        this.inward = inward;
        this.v6 = v6;
        this.at = at;
        this.code = code;
    }

    /** Goes on at the label, with all words of scratch memory set. */
    void read(Label match) throws TooLong {
        Label tcp = code.label();
        Label udp = code.label();
        Label sctp = code.label();
        Label icmp = code.label();
        Label ports = code.label();
        code.recall(Scratch.PROTOCOL)
                .goIf(IpProtocol.TCP, tcp)
                .goIf(IpProtocol.UDP, udp)
                .goIf(IpProtocol.SCTP, sctp)
                .goIf(v6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP, icmp);
        if (!v6 && link.passes(LinkClass.IGMP)) {
            code.endIf(IpProtocol.IGMP, PASS);
        }
        code.set(Scratch.IS_REPLY, 1).go(match);
        code.mark(tcp)
                .need(at + TcpHeader.LENGTH)
                .load(BPF_B, at + TcpHeader.FLAGS)
                .and(ACK)
                .keep(Scratch.IS_REPLY)
                .go(ports)
                .mark(udp)
                .need(at + UdpHeader.LENGTH);
        link.ofUdp(v6, at);
        code.set(Scratch.IS_REPLY, 1)
                .go(ports)
                .mark(sctp)
                .need(at + SctpHeader.LENGTH)
                .set(Scratch.IS_REPLY, 1)
                .mark(ports)
                .load(BPF_H, at + TransportHeader.PORTS)
                .keep(Scratch.ANSWERED)
                .load(BPF_H, at + TransportHeader.PORTS + 2)
                .keep(Scratch.SELECTOR)
                .go(match)
                .mark(icmp);
        readIcmp(match);
    }

    private void readIcmp(Label match) throws TooLong {
        Label error = code.label();
        code.need(at + IcmpHeader.LENGTH)
                .load(BPF_H, at + IcmpHeader.TYPE)
                .keep(Scratch.SELECTOR)
                .load(BPF_B, at + IcmpHeader.TYPE);
        if (v6) {
            link.ofIcmpv6(at);
        }
        for (int type = 0; type < 256; type++) {
            if (Icmp.isError(v6, type)) {
                code.goIf(type, error);
            }
        }
        for (int type = 0; type < 256; type++) {
            int request = Icmp.requestOf(v6, type);
            if (request != Icmp.NONE) {
                Label other = code.label();
                code.jump(BPF_JEQ, type, NEXT, other)
                        .set(Scratch.IS_REPLY, 1)
                        .load(BPF_B, at + IcmpHeader.CODE)
                        .add(BPF_ALU | BPF_ADD, request << 8)
                        .keep(Scratch.ANSWERED)
                        .go(match)
                        .mark(other);
            }
        }
        code.go(match).mark(error);
        readQuote();
    }

    /** The address outside becomes that of the packet that an ICMP error quotes, which travelled the other way. */
    private void readQuote() throws TooLong {
        int quote = at + IcmpHeader.LENGTH;
        code.need(quote + (v6 ? Ipv6Header.LENGTH : Ipv4Header.LENGTH))
                .load(BPF_B, quote)
                .and(VERSION)
                .endUnless(v6 ? 0x60 : 0x40, DROP);
        int address = quote
                + (v6
                        ? inward ? Ipv6Header.DESTINATION : Ipv6Header.SOURCE
                        : inward ? Ipv4Header.DESTINATION : Ipv4Header.SOURCE);
        for (int word = 0; word < (v6 ? 4 : 1); word++) {
            code.load(BPF_W, address + 4 * word).keep(Scratch.PEER + word);
        }
    }
}
