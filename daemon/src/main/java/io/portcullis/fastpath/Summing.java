package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.LINE_PROTOCOL;
import static io.portcullis.fastpath.FastCode.LINK;
import static io.portcullis.fastpath.FastCode.SHORTEST;
import static io.portcullis.fastpath.FastCode.SKB_DATA;
import static io.portcullis.fastpath.FastCode.SKB_SEGMENT_BYTES;
import static io.portcullis.fastpath.FastCode.TCP;
import static io.portcullis.fastpath.FastCode.V4;
import static io.portcullis.fastpath.FastCode.V6;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.MULTIPLY;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_RIGHT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R10;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R4;
import static io.portcullis.linux.bpf.BpfProgram.Register.R5;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Register.R9;
import static io.portcullis.linux.bpf.BpfProgram.Size.BYTE;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Size.HALF;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.BELOW;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_LESS;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;

/**
 * Verifies the checksum of layer 4, by the word of the kernel or of a NIC where there is one, as {@link
 * io.portcullis.packet.TransportChecksum} does. NICs know TCP and UDP only. A sender on this machine may leave the sum of the
 * pseudo-header for a NIC to finish. R9 is free afterwards.
 */
final class Summing {
    // On the stack, below R10.
    private static final int END = -8;
    private static final int LAST_BYTES = -16;
    private static final int PIECE = 256;
    private static final int BUFFER = LAST_BYTES - PIECE;

    private static final int LONGEST = 0xffff;

    private final FastCode code;
    private final BpfAssembly assembly;
    private final Label right;
    private final Label pseudo;
    private final Label sum;

    Summing(FastCode code) {
        this.code = code;
        assembly = code.assembly;
        right = assembly.label("right");
        pseudo = assembly.label("pseudo");
        sum = assembly.label("sum");
    }

    /** Folds a sum of 4-byte words to 16 bits. */
    static void fold(BpfAssembly assembly, Register sum, Register scratch) {
        assembly.copy32(scratch, sum).alu(SHIFT_RIGHT, sum, 32).alu(ADD, sum, scratch);
        for (int i = 0; i < 3; i++) {
            assembly.copy(scratch, sum)
                    .alu(SHIFT_RIGHT, scratch, 16)
                    .alu(AND, sum, 0xffff)
                    .alu(ADD, sum, scratch);
        }
    }

    void emit() {
        if (!code.program.verifies()) {
            return;
        }
        Label echo = assembly.label("sumEcho");
        Label tcp = assembly.label("sumTcp");
        assembly.load(BYTE, R4, R8, LINE_PROTOCOL)
                .jump(EQUAL, R4, IpProtocol.ICMP, echo)
                .jump(EQUAL, R4, IpProtocol.ICMPV6, pseudo)
                .load(WORD, R1, R6, SKB_SEGMENT_BYTES)
                .jump(NOT_EQUAL, R1, 0, right)
                .jump(EQUAL, R4, IpProtocol.TCP, tcp)
                .load(HALF, R1, R7, 6)
                .jump(EQUAL, R1, 0, right)
                .place(tcp)
                .copy(R1, R6)
                .set(R2, 0)
                .call(Function.CSUM_LEVEL)
                .jump(NOT_LESS, R0, 0, right)
                .go(pseudo)
                .place(echo)
                .set(R9, 0);
        code.transportLength(R2, R3);
        assembly.go(sum).place(pseudo);
        pseudoHeader();
        unfinished();
        assembly.place(sum);
        pieces();
        again();
        assembly.place(right);
    }

    /** R9: sum of the pseudo-header, 16 bits; R2: bytes that the checksum covers. */
    private void pseudoHeader() {
        Label v6 = assembly.label("pseudo6");
        Label addressed = assembly.label("summed");
        Label sized = assembly.label("covered");
        code.transportLength(R2, R3);
        assembly.load(BYTE, R4, R8, LINE_PROTOCOL)
                .jump(NOT_EQUAL, R4, IpProtocol.UDP, sized)
                .loadNetwork(HALF, R2, R7, 4)
                .place(sized)
                .copy(R9, R4)
                .alu(SHIFT_LEFT, R9, 8)
                .copy(R3, R2)
                .swap(R3, 16)
                .alu(ADD, R9, R3)
                .load(WORD, R3, R8, FastLayout.FLAGS)
                .jump(ANY_SET, R3, Tuple.V6, v6);
        add(-8);
        assembly.go(addressed).place(v6);
        add(-32);
        assembly.place(addressed);
        fold(assembly, R9, R3);
    }

    private void add(int from) {
        for (int offset = from; offset < 0; offset += 4) {
            assembly.load(WORD, R3, R7, offset).alu(ADD, R9, R3);
        }
    }

    private void unfinished() {
        Label udp = assembly.label("fieldUdp");
        Label echo = assembly.label("fieldEcho");
        Label field = assembly.label("field");
        assembly.jump(EQUAL, R4, IpProtocol.UDP, udp).jump(EQUAL, R4, IpProtocol.ICMPV6, echo);
        code.need(TCP, R3, R5, code.up);
        assembly.load(HALF, R3, R7, 16)
                .go(field)
                .place(udp)
                .load(HALF, R3, R7, 6)
                .go(field)
                .place(echo)
                .load(HALF, R3, R7, 2)
                .place(field)
                .jump(EQUAL, R3, R9, right);
    }

    /** Adds R2 bytes of layer 4 to R9, and compares. R7: bytes left. */
    private void pieces() {
        Label piece = assembly.label("piece");
        Label tail = assembly.label("tail");
        Label last = assembly.label("last");
        Label done = assembly.label("done");
        assembly.load(WORD, R3, R8, FastLayout.FLAGS)
                .alu(AND, R3, Tuple.V6)
                .alu(MULTIPLY, R3, V6 - V4)
                .alu(ADD, R3, LINK + V4)
                .copy(R7, R2)
                .alu(AND, R7, LONGEST)
                .alu(ADD, R3, R7)
                .store(DOUBLE_WORD, R10, END, R3)
                .place(piece);
        // The first call also shows the verifier that the buffer has been written.
        load(BUFFER, () -> assembly.set(R4, PIECE));
        assembly.jump(BELOW, R7, PIECE, tail).jump(NOT_EQUAL, R0, 0, code.up);
        add(BUFFER, () -> assembly.set(R4, PIECE));
        assembly.alu(SUBTRACT, R7, PIECE)
                .go(piece)
                .place(tail)
                .copy(R4, R7)
                .alu(AND, R4, PIECE - 4)
                .jump(BELOW, R4, 4, last);
        load(BUFFER, () -> {
            // R4 is set.
        });
        assembly.jump(NOT_EQUAL, R0, 0, code.up);
        add(BUFFER, () -> assembly.copy(R4, R7).alu(AND, R4, PIECE - 4));
        assembly.place(last)
                .alu(AND, R7, 3)
                .jump(BELOW, R7, 1, done)
                .set(R1, 0)
                .store(DOUBLE_WORD, R10, LAST_BYTES, R1);
        load(LAST_BYTES, () -> assembly.copy(R4, R7));
        assembly.jump(NOT_EQUAL, R0, 0, code.up);
        add(LAST_BYTES, () -> assembly.set(R4, 4));
        assembly.place(done);
        fold(assembly, R9, R1);
        assembly.jump(NOT_EQUAL, R9, 0xffff, code.up);
    }

    /** Loads the next bytes of the frame to the stack, as many as R4 says. */
    private void load(int to, Runnable length) {
        length.run();
        assembly.copy(R1, R6)
                .load(DOUBLE_WORD, R2, R10, END)
                .alu(SUBTRACT, R2, R7)
                .copy(R3, R10)
                .alu(ADD, R3, to)
                .call(Function.SKB_LOAD_BYTES);
    }

    private void add(int from, Runnable length) {
        length.run();
        assembly.set(R1, 0)
                .set(R2, 0)
                .copy(R3, R10)
                .alu(ADD, R3, from)
                .copy(R5, R9)
                .call(Function.CSUM_DIFF)
                .copy32(R9, R0);
    }

    /** R7: the begin of layer 4 again. */
    private void again() {
        Label v6 = assembly.label("again6");
        Label placed = assembly.label("again");
        assembly.load(WORD, R7, R6, SKB_DATA)
                .load(WORD, R1, R8, FastLayout.FLAGS)
                .jump(ANY_SET, R1, Tuple.V6, v6)
                .alu(ADD, R7, LINK + V4)
                .go(placed)
                .place(v6)
                .alu(ADD, R7, LINK + V6)
                .place(placed);
        code.need(SHORTEST, R1, R2, code.up);
    }
}
