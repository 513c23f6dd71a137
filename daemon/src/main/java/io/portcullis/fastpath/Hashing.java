package io.portcullis.fastpath;

import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.MULTIPLY;
import static io.portcullis.linux.bpf.BpfProgram.Operation.OR;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_RIGHT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.XOR;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R4;
import static io.portcullis.linux.bpf.BpfProgram.Register.R5;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.Register.R9;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.packet.Tuple;

/** Hashes the key, as {@link io.portcullis.packet.SipHash} does. Afterwards R1 is the hash. */
final class Hashing {
    private static final int LENGTH_V4 = 17;
    private static final int LENGTH_V6 = 41;
    private static final int LENGTH_SHIFT = 56;

    private final FastCode code;
    private final BpfAssembly assembly;

    Hashing(FastCode code) {
        this.code = code;
        assembly = code.assembly;
    }

    void emit() {
        Label v6 = assembly.label("hash6");
        Label addressed = assembly.label("addressed");
        start();
        assembly.copy(R0, R9)
                .alu(SHIFT_RIGHT, R0, Parsing.FLAGS_SHIFT)
                .jump(ANY_SET, R0, Tuple.V6, v6)
                .loadNetwork(DOUBLE_WORD, R5, R7, -8);
        if (!code.ingress()) {
            rotate(R5, 32);
        }
        assembly.go(addressed).place(v6);
        int outside = code.ingress() ? -32 : -16;
        int inside = code.ingress() ? -16 : -32;
        assembly.loadNetwork(DOUBLE_WORD, R5, R7, outside);
        absorb();
        assembly.loadNetwork(DOUBLE_WORD, R5, R7, outside + 8);
        absorb();
        assembly.loadNetwork(DOUBLE_WORD, R5, R7, inside);
        absorb();
        assembly.loadNetwork(DOUBLE_WORD, R5, R7, inside + 8).place(addressed);
        absorb();
        Finding.service(assembly, R5);
        absorb();
        assembly.copy(R5, R9)
                .alu(SHIFT_RIGHT, R5, Parsing.FLAGS_SHIFT)
                .copy(R0, R5)
                .alu(AND, R0, Tuple.V6)
                .alu(MULTIPLY, R0, LENGTH_V6 - LENGTH_V4)
                .alu(ADD, R0, LENGTH_V4)
                .alu(SHIFT_LEFT, R0, LENGTH_SHIFT)
                .alu(OR, R5, R0);
        absorb();
        assembly.alu(XOR, R3, 0xff);
        round();
        round();
        round();
        assembly.alu(XOR, R1, R2)
                .alu(XOR, R3, R4)
                .alu(XOR, R1, R3)
                .copy(R0, R1)
                .alu(SHIFT_RIGHT, R0, 32)
                .alu32(XOR, R1, R0)
                // 1 in place of 0, without a branch: the verifier wants one range for the sum of an address and a
                // number.
                .copy(R0, R1)
                .alu(SUBTRACT, R0, 1)
                .alu(SHIFT_RIGHT, R0, Long.SIZE - 1)
                .alu(ADD, R1, R0);
    }

    /** R1 to R4: the state. */
    private void start() {
        code.gate(R5);
        assembly.load(DOUBLE_WORD, R1, R5, FastLayout.GATE_KEY)
                .load(DOUBLE_WORD, R2, R5, FastLayout.GATE_KEY + 8)
                .copy(R3, R1)
                .copy(R4, R2);
        Register[] state = {R1, R2, R3, R4};
        long[] constants = {0x736f6d6570736575L, 0x646f72616e646f6dL, 0x6c7967656e657261L, 0x7465646279746573L};
        for (int i = 0; i < state.length; i++) {
            assembly.setLong(R0, constants[i]).alu(XOR, state[i], R0);
        }
    }

    private void absorb() {
        assembly.alu(XOR, R4, R5);
        round();
        assembly.alu(XOR, R1, R5);
    }

    private void round() {
        assembly.alu(ADD, R1, R2).alu(ADD, R3, R4);
        rotate(R2, 13);
        assembly.alu(XOR, R2, R1);
        rotate(R4, 16);
        assembly.alu(XOR, R4, R3);
        rotate(R1, 32);
        assembly.alu(ADD, R1, R4).alu(ADD, R3, R2);
        rotate(R2, 17);
        assembly.alu(XOR, R2, R3);
        rotate(R4, 21);
        assembly.alu(XOR, R4, R1);
        rotate(R3, 32);
    }

    private void rotate(Register register, int bits) {
        assembly.copy(R0, register)
                .alu(SHIFT_LEFT, register, bits)
                .alu(SHIFT_RIGHT, R0, Long.SIZE - bits)
                .alu(OR, register, R0);
    }
}
