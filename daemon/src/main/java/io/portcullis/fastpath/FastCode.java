package io.portcullis.fastpath;

import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Size.HALF;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ABOVE;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;

import io.portcullis.fastpath.FastProgram.Features;
import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.net.Direction;
import io.portcullis.packet.Tuple;

/**
 * What the parts of a {@link FastProgram} share while they emit their instructions. Registers from one part to the next: R6 the
 * frame (struct __sk_buff), R7 the begin of layer 4, R8 the line once it is found, R9 what each part says. All others are free.
 */
final class FastCode {
    // Fields of struct __sk_buff.
    static final int SKB_LENGTH = 0;
    static final int SKB_VLAN_PRESENT = 20;
    static final int SKB_VLAN_TCI = 24;
    static final int SKB_DATA = 76;
    static final int SKB_DATA_END = 80;
    static final int SKB_TIME = 152;
    static final int SKB_SEGMENT_BYTES = 176;

    /** The first of the words that programs may use as they like: the number of the line. */
    static final int SKB_LINE = 48;

    /** Bytes before the IP header. */
    static final int LINK = 14;

    static final int V4 = 20;
    static final int V6 = 40;
    static final int UDP = 8;
    static final int TCP = 20;

    // Of a key in a line.
    static final int LINE_PROTOCOL = 44;

    /** Bytes of the shortest layer 4 header. */
    static final int SHORTEST = 8;

    final BpfAssembly assembly = new BpfAssembly();
    final FastProgram program;
    final Features features;

    /** Of a frame whose flow has a line, in R8: it is not forwarded. */
    final Label up = assembly.label("up");

    /** Of a frame without a line: it is not forwarded. */
    final Label unknown = assembly.label("unknown");

    final Label account = assembly.label("account");

    FastCode(FastProgram program, Features features) {
        this.program = program;
        this.features = features;
    }

    boolean ingress() {
        return program.direction() == Direction.INGRESS;
    }

    boolean live() {
        return program.life() == FastProgram.Life.LIVE;
    }

    /** The offset of a field of this direction. */
    int ofDirection(int ingressOffset, int perDirection) {
        return ingressOffset + (ingress() ? 0 : perDirection);
    }

    Function clock() {
        return features.coarseClock ? Function.KTIME_GET_COARSE_NS : Function.KTIME_GET_NS;
    }

    /** to = address of the gate. */
    void gate(Register to) {
        assembly.address(to, program.array(), 0);
    }

    /** Jumps where fewer than {@code bytes} bytes follow R7; end and scratch are lost. */
    void need(int bytes, Register end, Register scratch, Label missing) {
        assembly.load(WORD, end, R6, SKB_DATA_END)
                .copy(scratch, R7)
                .alu(ADD, scratch, bytes)
                .jump(ABOVE, scratch, end, missing);
    }

    /** to = bytes of layer 4, without what follows the packet; R7 and R8 are set. */
    void transportLength(Register to, Register scratch) {
        Label v6 = assembly.label("length6");
        Label known = assembly.label("length");
        assembly.load(WORD, to, R8, FastLayout.FLAGS)
                .jump(ANY_SET, to, Tuple.V6, v6)
                .loadNetwork(HALF, to, R7, 2 - V4)
                .alu(SUBTRACT, to, V4)
                .go(known)
                .place(v6)
                // Not from R7, which may be too near to the frame's begin as far as the verifier knows.
                .load(WORD, to, R6, SKB_DATA)
                .alu(ADD, to, LINK + 6)
                .load(WORD, scratch, R6, SKB_DATA_END)
                .jump(ABOVE, to, scratch, up)
                .loadNetwork(HALF, to, to, -2)
                .place(known);
    }

    /**
     * Goes on at the label where the deadline is past; R0 to R5 are lost.
     *
     * @param otherwise where it is not
     */
    void ifPastDeadline(Label past, Label otherwise) {
        gate(R1);
        assembly.load(DOUBLE_WORD, R1, R1, FastLayout.GATE_DEADLINE)
                .jump(EQUAL, R1, 0, otherwise)
                .call(clock());
        gate(R1);
        assembly.load(DOUBLE_WORD, R1, R1, FastLayout.GATE_DEADLINE)
                .jump(ABOVE, R0, R1, past)
                .go(otherwise);
    }
}
