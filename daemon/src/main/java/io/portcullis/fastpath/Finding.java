package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.SKB_LINE;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.MULTIPLY;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_RIGHT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.XOR;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R4;
import static io.portcullis.linux.bpf.BpfProgram.Register.R5;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Register.R9;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.packet.Tuple;

/** Finds the line of a key by its hash in R1, and compares the key. Afterwards R8 is the line; R9 is free. */
final class Finding {
    private final FastCode code;
    private final BpfAssembly assembly;
    private final int lines;

    Finding(FastCode code) {
        this.code = code;
        assembly = code.assembly;
        lines = code.program.lines();
    }

    /** to = the service, which R9 has with the flags of the key. */
    static void service(BpfAssembly assembly, Register to) {
        int flags = Long.SIZE - Parsing.FLAGS_SHIFT;
        assembly.copy(to, R9).alu(SHIFT_LEFT, to, flags).alu(SHIFT_RIGHT, to, flags);
    }

    void emit() {
        Label candidate = assembly.label("candidate");
        Label found = assembly.label("found");
        int slotBits = Integer.numberOfTrailingZeros(FastLayout.slots(lines));
        assembly.copy32(R2, R1)
                .alu32(SHIFT_RIGHT, R2, Integer.SIZE - slotBits)
                .alu(SHIFT_LEFT, R2, 3)
                .address(R3, code.program.array(), (int) FastLayout.slot(0))
                .alu(ADD, R3, R2);
        // Behind the last slot it reads words of a line. The comparison of the key makes that harmless.
        for (int probe = 0; probe < FastLayout.PROBES; probe++) {
            assembly.load(DOUBLE_WORD, R2, R3, probe * Long.BYTES)
                    .copy(R4, R2)
                    .alu(SHIFT_RIGHT, R4, 32)
                    .jump(EQUAL, R4, R1, candidate);
        }
        assembly.go(code.unknown)
                .place(candidate)
                .alu32(SUBTRACT, R2, 1)
                .alu32(AND, R2, lines - 1)
                .store(WORD, R6, SKB_LINE, R2)
                .alu(MULTIPLY, R2, FastLayout.LINE_BYTES)
                .address(R5, code.program.array(), (int) FastLayout.line(lines, 0))
                .alu(ADD, R5, R2);
        compare(found);
        assembly.place(found).copy(R8, R5);
    }

    private void compare(Label found) {
        Label v6 = assembly.label("key6");
        assembly.load(WORD, R1, R5, FastLayout.FLAGS)
                .copy(R2, R9)
                .alu(SHIFT_RIGHT, R2, Parsing.FLAGS_SHIFT)
                .alu(XOR, R2, R1)
                .jump(ANY_SET, R2, FlowLayout.KEY_FLAGS, code.unknown);
        service(assembly, R2);
        assembly.load(DOUBLE_WORD, R3, R5, FlowLayout.SERVICE)
                .jump(NOT_EQUAL, R2, R3, code.unknown)
                .jump(ANY_SET, R1, Tuple.V6, v6);
        compare(WORD, code.ingress() ? -8 : -4, FlowLayout.OUTSIDE_LOW);
        compare(WORD, code.ingress() ? -4 : -8, FlowLayout.INSIDE_LOW);
        assembly.go(found).place(v6);
        int outside = code.ingress() ? -32 : -16;
        int inside = code.ingress() ? -16 : -32;
        compare(DOUBLE_WORD, outside, FlowLayout.OUTSIDE_HIGH);
        compare(DOUBLE_WORD, outside + 8, FlowLayout.OUTSIDE_LOW);
        compare(DOUBLE_WORD, inside, FlowLayout.INSIDE_HIGH);
        compare(DOUBLE_WORD, inside + 8, FlowLayout.INSIDE_LOW);
    }

    private void compare(Size size, int inFrame, int inLine) {
        assembly.loadNetwork(size, R2, R7, inFrame)
                .load(DOUBLE_WORD, R3, R5, inLine)
                .jump(NOT_EQUAL, R2, R3, code.unknown);
    }
}
