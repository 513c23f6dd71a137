package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.LINE_PROTOCOL;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Register.R9;
import static io.portcullis.linux.bpf.BpfProgram.Size.BYTE;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.LESS;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_BELOW;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.net.IpProtocol;

/** Goes on if the flow has not been idle for longer than its timeout. Afterwards R9 is the time. */
final class Timing {
    private final FastCode code;

    Timing(FastCode code) {
        this.code = code;
    }

    void emit() {
        BpfAssembly assembly = code.assembly;
        Label young = assembly.label("young");
        // Another processor's last packet may be later than this time.
        assembly.call(code.clock())
                .copy(R9, R0)
                .copy(R1, R0)
                .load(DOUBLE_WORD, R2, R8, FastLayout.LAST_SEEN)
                .alu(SUBTRACT, R1, R2)
                .jump(LESS, R1, 0, young)
                .load(WORD, R2, R8, FastLayout.TIMEOUT)
                .alu(SHIFT_LEFT, R2, FastLayout.TIMEOUT_SHIFT)
                .jump(NOT_BELOW, R1, R2, code.up)
                .place(young)
                .load(BYTE, R1, R8, LINE_PROTOCOL)
                .jump(NOT_EQUAL, R1, IpProtocol.TCP, code.account);
    }
}
