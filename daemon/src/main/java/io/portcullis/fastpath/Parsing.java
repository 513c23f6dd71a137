package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.LINK;
import static io.portcullis.fastpath.FastCode.SHORTEST;
import static io.portcullis.fastpath.FastCode.SKB_DATA;
import static io.portcullis.fastpath.FastCode.SKB_LENGTH;
import static io.portcullis.fastpath.FastCode.SKB_VLAN_PRESENT;
import static io.portcullis.fastpath.FastCode.SKB_VLAN_TCI;
import static io.portcullis.fastpath.FastCode.TCP;
import static io.portcullis.fastpath.FastCode.UDP;
import static io.portcullis.fastpath.FastCode.V4;
import static io.portcullis.fastpath.FastCode.V6;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.OR;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_RIGHT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R5;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Register.R9;
import static io.portcullis.linux.bpf.BpfProgram.Size.BYTE;
import static io.portcullis.linux.bpf.BpfProgram.Size.HALF;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ABOVE;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.BELOW;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;

/**
 * Reads the headers of a frame, as {@link io.portcullis.packet.Packet} does, and makes the part of its key that is not addresses.
 * Afterwards R7 is the begin of layer 4, R8 the end of the frame's bytes, and R9 the {@link Tuple#service}, with the flags of the key
 * in its upper two bits. In host mode the frames with our mark end here.
 */
final class Parsing {
    /** Where the flags of the key are in R9: the service has fewer bits. */
    static final int FLAGS_SHIFT = 62;

    /** A number in network byte order, as it is loaded. */
    private static final int ETHERTYPE_V4 = 0x0008;

    private static final int ETHERTYPE_V6 = 0xdd86;
    private static final int WITHOUT_OPTIONS = 0x45;
    private static final int FRAGMENT = 0x3fff;
    private static final int PROTOCOL_SHIFT = 32;
    private static final int VLAN_SHIFT = 40;
    private static final int VLAN_ID = 0xfff;
    private static final int ECHO_REPLY = 0;
    private static final int ECHO = 8;
    private static final int ECHO_V6 = 128;
    private static final int ECHO_REPLY_V6 = 129;

    private final FastCode code;
    private final BpfAssembly assembly;
    private final Label unknown;
    private final Label v4;
    private final Label transport;
    private final Label ports;
    private final Label selected;

    Parsing(FastCode code) {
        this.code = code;
        assembly = code.assembly;
        unknown = code.unknown;
        v4 = assembly.label("v4");
        transport = assembly.label("transport");
        ports = assembly.label("ports");
        selected = assembly.label("selected");
    }

    void emit() {
        assembly.copy(R6, R1);
        if (code.program.route() instanceof FastProgram.Route.Host host) {
            passOurs(host);
        }
        assembly.load(WORD, R7, R6, SKB_DATA);
        code.need(LINK + V4 + SHORTEST, R8, R2, unknown);
        assembly.load(HALF, R2, R7, 12).jump(EQUAL, R2, ETHERTYPE_V4, v4).jump(NOT_EQUAL, R2, ETHERTYPE_V6, unknown);
        ipv6();
        assembly.place(v4);
        ipv4();
        assembly.place(transport);
        transport();
        assembly.place(selected);
        service();
    }

    private void passOurs(FastProgram.Route.Host host) {
        FastProgram.Mark mark = host.mark();
        Label others = assembly.label("others");
        assembly.load(WORD, R2, R6, BpfProgram.SKB_MARK)
                .copy(R3, R2)
                .alu32(AND, R3, mark.mask())
                .jump32(NOT_EQUAL, R3, mark.value() & mark.mask(), others);
        if (host.clearsMark()) {
            assembly.alu32(AND, R2, ~mark.mask()).store(WORD, R6, BpfProgram.SKB_MARK, R2);
        }
        assembly.exit(BpfProgram.NEXT).place(others);
    }

    /** R1: protocol, R5: flags of the key, R9: bytes of layer 4. */
    private void ipv6() {
        Label known = assembly.label("protocol6");
        code.need(LINK + V6 + SHORTEST, R8, R2, unknown);
        assembly.load(BYTE, R2, R7, LINK)
                .alu(SHIFT_RIGHT, R2, 4)
                .jump(NOT_EQUAL, R2, 6, unknown)
                .loadNetwork(HALF, R9, R7, LINK + 4)
                .load(WORD, R3, R6, SKB_LENGTH)
                .copy(R2, R9)
                .alu(ADD, R2, LINK + V6)
                .jump(ABOVE, R2, R3, unknown)
                .load(BYTE, R1, R7, LINK + 6)
                .jump(EQUAL, R1, IpProtocol.TCP, known)
                .jump(EQUAL, R1, IpProtocol.UDP, known)
                .jump(NOT_EQUAL, R1, IpProtocol.ICMPV6, unknown)
                .place(known)
                .alu(ADD, R7, LINK + V6)
                .set(R5, Tuple.V6)
                .go(transport);
    }

    private void ipv4() {
        Label known = assembly.label("protocol4");
        assembly.load(BYTE, R1, R7, LINK)
                .jump(NOT_EQUAL, R1, WITHOUT_OPTIONS, unknown)
                .loadNetwork(HALF, R2, R7, LINK + 6)
                .jump(ANY_SET, R2, FRAGMENT, unknown)
                .load(WORD, R1, R7, LINK);
        for (int offset = 4; offset < V4; offset += 4) {
            assembly.load(WORD, R2, R7, LINK + offset).alu(ADD, R1, R2);
        }
        Summing.fold(assembly, R1, R2);
        assembly.jump(NOT_EQUAL, R1, 0xffff, unknown)
                .loadNetwork(HALF, R9, R7, LINK + 2)
                .load(WORD, R3, R6, SKB_LENGTH)
                .copy(R2, R9)
                .alu(ADD, R2, LINK)
                .jump(ABOVE, R2, R3, unknown)
                .jump(BELOW, R9, V4, unknown)
                .alu(SUBTRACT, R9, V4)
                .load(BYTE, R1, R7, LINK + 9)
                .jump(EQUAL, R1, IpProtocol.TCP, known)
                .jump(EQUAL, R1, IpProtocol.UDP, known)
                .jump(NOT_EQUAL, R1, IpProtocol.ICMP, unknown)
                .place(known)
                .alu(ADD, R7, LINK + V4)
                .set(R5, 0);
    }

    /** R3: the selector. */
    private void transport() {
        Label tcp = assembly.label("tcp");
        Label udp = assembly.label("udp");
        assembly.jump(EQUAL, R1, IpProtocol.TCP, tcp).jump(EQUAL, R1, IpProtocol.UDP, udp);
        echo();
        assembly.place(tcp).jump(BELOW, R9, TCP, unknown);
        code.need(TCP, R8, R2, unknown);
        assembly.go(ports)
                .place(udp)
                .jump(BELOW, R9, UDP, unknown)
                .loadNetwork(HALF, R2, R7, 4)
                .jump(BELOW, R2, UDP, unknown)
                .jump(ABOVE, R2, R9, unknown)
                .place(ports)
                .loadNetwork(WORD, R3, R7, 0);
        if (!code.ingress()) {
            assembly.copy(R2, R3)
                    .alu32(SHIFT_LEFT, R3, 16)
                    .alu(SHIFT_RIGHT, R2, 16)
                    .alu(OR, R3, R2);
        }
    }

    private void echo() {
        Label v6 = assembly.label("echo6");
        Label request = assembly.label("request");
        Label reply = assembly.label("reply");
        Label sided = assembly.label("sided");
        assembly.jump(BELOW, R9, SHORTEST, unknown)
                .load(BYTE, R2, R7, 0)
                .jump(NOT_EQUAL, R5, 0, v6)
                .set(R3, ECHO)
                .jump(EQUAL, R2, ECHO, request)
                .jump(EQUAL, R2, ECHO_REPLY, reply)
                .go(unknown)
                .place(v6)
                .set(R3, ECHO_V6)
                .jump(EQUAL, R2, ECHO_V6, request)
                .jump(NOT_EQUAL, R2, ECHO_REPLY_V6, unknown)
                .place(reply);
        if (code.ingress()) {
            assembly.alu(OR, R5, Tuple.REQUEST_FROM_INSIDE);
        }
        assembly.go(sided).place(request);
        if (!code.ingress()) {
            assembly.alu(OR, R5, Tuple.REQUEST_FROM_INSIDE);
        }
        assembly.place(sided)
                .alu(SHIFT_LEFT, R3, 24)
                .load(BYTE, R2, R7, 1)
                .alu(SHIFT_LEFT, R2, 16)
                .alu(OR, R3, R2)
                .loadNetwork(HALF, R2, R7, 4)
                .alu(OR, R3, R2)
                .go(selected);
    }

    private void service() {
        Label untagged = assembly.label("untagged");
        assembly.alu(SHIFT_LEFT, R1, PROTOCOL_SHIFT)
                .alu(OR, R3, R1)
                .load(WORD, R1, R6, SKB_VLAN_PRESENT)
                .jump(EQUAL, R1, 0, untagged)
                .load(WORD, R1, R6, SKB_VLAN_TCI)
                .alu(AND, R1, VLAN_ID)
                .alu(SHIFT_LEFT, R1, VLAN_SHIFT)
                .alu(OR, R3, R1)
                .place(untagged)
                .alu(SHIFT_LEFT, R5, FLAGS_SHIFT)
                .alu(OR, R3, R5)
                .copy(R9, R3);
    }
}
