package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.LINE_PROTOCOL;
import static io.portcullis.fastpath.FastCode.LINK;
import static io.portcullis.fastpath.FastCode.SKB_LENGTH;
import static io.portcullis.fastpath.FastCode.SKB_SEGMENT_BYTES;
import static io.portcullis.fastpath.FastCode.UDP;
import static io.portcullis.fastpath.FastCode.V4;
import static io.portcullis.fastpath.FastCode.V6;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.MULTIPLY;
import static io.portcullis.linux.bpf.BpfProgram.Operation.OR;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_RIGHT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R4;
import static io.portcullis.linux.bpf.BpfProgram.Register.R5;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Size.BYTE;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Size.HALF;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ABOVE;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;

/** Goes on if the line's grant is valid, the direction is allowed, and the packet is not too long for the peer's port. */
final class Granting {
    private static final int NEGATIVE = 0x8000;

    private final FastCode code;
    private final BpfAssembly assembly;

    Granting(FastCode code) {
        this.code = code;
        assembly = code.assembly;
    }

    void emit() {
        code.gate(R3);
        assembly.load(DOUBLE_WORD, R1, R8, FastLayout.GRANT)
                .jump(EQUAL, R1, 0, code.up)
                .load(HALF, R2, R3, FastLayout.GATE_EPOCH)
                .copy(R4, R1)
                .alu(SHIFT_RIGHT, R4, FastLayout.GRANT_EPOCH_SHIFT)
                .alu(SUBTRACT, R4, R2)
                .jump(ANY_SET, R4, NEGATIVE, code.up);
        if (code.live()) {
            counts();
        }
        Label allowed = assembly.label("allowed");
        assembly.load(WORD, R1, R8, FastLayout.FLAGS)
                .jump(ANY_SET, R1, code.ingress() ? FastLayout.ALLOWS_INGRESS : FastLayout.ALLOWS_EGRESS, allowed)
                .go(code.up)
                .place(allowed);
        length();
    }

    /** Nothing of the flow has gone up since the grant. */
    private void counts() {
        Label counted = assembly.label("counted");
        int epochBits = Long.SIZE - FastLayout.GRANT_EPOCH_SHIFT;
        assembly.alu(SHIFT_LEFT, R1, epochBits)
                .alu(SHIFT_RIGHT, R1, epochBits)
                .load(WORD, R4, R8, FastLayout.INGRESS_UP)
                .alu(AND, R4, FastLayout.COUNT_MASK)
                .load(WORD, R5, R8, FastLayout.EGRESS_UP)
                .alu(AND, R5, FastLayout.COUNT_MASK)
                .alu(SHIFT_LEFT, R5, FastLayout.GRANT_EGRESS_SHIFT)
                .alu(OR, R4, R5)
                .jump(EQUAL, R1, R4, counted);
        code.ifPastDeadline(counted, code.up);
        assembly.place(counted);
    }

    /** A super-frame is as long as its longest packet. */
    private void length() {
        Label single = assembly.label("single");
        Label datagram = assembly.label("datagram");
        Label sized = assembly.label("sized");
        assembly.load(WORD, R1, R6, SKB_SEGMENT_BYTES)
                .jump(EQUAL, R1, 0, single)
                .load(WORD, R2, R8, FastLayout.FLAGS)
                .alu(AND, R2, Tuple.V6)
                .alu(MULTIPLY, R2, V6 - V4)
                .alu(ADD, R1, R2)
                .alu(ADD, R1, V4)
                .load(BYTE, R2, R8, LINE_PROTOCOL)
                .jump(NOT_EQUAL, R2, IpProtocol.TCP, datagram);
        Following.headerLength(code, R2, R3, code.up);
        assembly.alu(ADD, R1, R2)
                .go(sized)
                .place(datagram)
                .alu(ADD, R1, UDP)
                .go(sized)
                .place(single)
                .load(WORD, R1, R6, SKB_LENGTH)
                .alu(SUBTRACT, R1, LINK)
                .place(sized);
        code.gate(R3);
        assembly.load(WORD, R3, R3, code.ingress() ? FastLayout.GATE_MTU_INGRESS : FastLayout.GATE_MTU_EGRESS)
                .jump(ABOVE, R1, R3, code.up);
    }
}
