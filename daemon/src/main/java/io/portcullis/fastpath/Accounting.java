package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.LINE_PROTOCOL;
import static io.portcullis.fastpath.FastCode.LINK;
import static io.portcullis.fastpath.FastCode.SKB_LENGTH;
import static io.portcullis.fastpath.FastCode.SKB_SEGMENT_BYTES;
import static io.portcullis.fastpath.FastCode.SKB_VLAN_PRESENT;
import static io.portcullis.fastpath.FastCode.UDP;
import static io.portcullis.fastpath.FastCode.V4;
import static io.portcullis.fastpath.FastCode.V6;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.DIVIDE;
import static io.portcullis.linux.bpf.BpfProgram.Operation.MULTIPLY;
import static io.portcullis.linux.bpf.BpfProgram.Operation.OR;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
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
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_GREATER;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import io.portcullis.packet.wire.VlanTag;

/** Counts the frame as forwarded at the time in R9, and forwards it. */
final class Accounting {
    private final FastCode code;
    private final BpfAssembly assembly;

    Accounting(FastCode code) {
        this.code = code;
        assembly = code.assembly;
    }

    void emit() {
        Label same = assembly.label("same");
        assembly.place(code.account)
                .load(DOUBLE_WORD, R1, R8, FastLayout.LAST_SEEN)
                .jump(EQUAL, R1, R9, same)
                .store(DOUBLE_WORD, R8, FastLayout.LAST_SEEN, R9)
                .place(same)
                .call(Function.GET_SMP_PROCESSOR_ID)
                .alu(AND, R0, FastLayout.PROCESSORS - 1)
                .alu(MULTIPLY, R0, FastLayout.PROCESSOR_BYTES)
                .address(R9, code.program.array(), FastLayout.GATE_PROCESSORS)
                .alu(ADD, R9, R0);
        measure();
        int direction = code.ofDirection(0, FastLayout.COUNTS_PER_DIRECTION);
        assembly.atomicAdd(DOUBLE_WORD, R8, FastLayout.FORWARDED + direction + FastLayout.PACKETS, R1)
                .atomicAdd(DOUBLE_WORD, R8, FastLayout.FORWARDED + direction + FastLayout.BYTES, R2)
                .atomicAdd(DOUBLE_WORD, R9, direction + FastLayout.PACKETS, R1)
                .atomicAdd(DOUBLE_WORD, R9, direction + FastLayout.BYTES, R2);
        forward();
    }

    /** R1: packets, R2: their bytes; each packet of a super-frame has the headers. */
    private void measure() {
        Label untagged = assembly.label("untaggedLength");
        Label datagram = assembly.label("datagramHeader");
        Label header = assembly.label("header");
        Label measured = assembly.label("measured");
        assembly.load(WORD, R2, R6, SKB_LENGTH)
                .set(R4, LINK)
                .load(WORD, R1, R6, SKB_VLAN_PRESENT)
                .jump(EQUAL, R1, 0, untagged)
                .alu(ADD, R2, VlanTag.LENGTH)
                .alu(ADD, R4, VlanTag.LENGTH)
                .place(untagged)
                .set(R1, 1)
                .load(WORD, R3, R6, SKB_SEGMENT_BYTES)
                .jump(EQUAL, R3, 0, measured)
                .load(BYTE, R0, R8, LINE_PROTOCOL)
                .jump(NOT_EQUAL, R0, IpProtocol.TCP, datagram);
        Following.headerLength(code, R5, R0, measured);
        assembly.go(header).place(datagram).set(R5, UDP).place(header).alu(ADD, R4, R5);
        code.transportLength(R0, R7);
        assembly.alu(SUBTRACT, R0, R5)
                .jump(NOT_GREATER, R0, R3, measured)
                .alu(ADD, R0, R3)
                .alu(SUBTRACT, R0, 1)
                .alu(DIVIDE, R0, R3)
                .copy(R1, R0)
                .load(WORD, R3, R8, FastLayout.FLAGS)
                .alu(AND, R3, Tuple.V6)
                .alu(MULTIPLY, R3, V6 - V4)
                .alu(ADD, R4, R3)
                .alu(ADD, R4, V4)
                .alu(SUBTRACT, R0, 1)
                .alu(MULTIPLY, R4, R0)
                .alu(ADD, R2, R4)
                .place(measured);
    }

    private void forward() {
        switch (code.program.route()) {
            case FastProgram.Route.Bridge(int other, FastProgram.Mark mark) -> {
                mark(mark);
                assembly.set(R1, other).set(R2, 0).call(Function.REDIRECT).exit();
            }
            case FastProgram.Route.Host host -> {
                if (host.marksPassed()) {
                    mark(host.mark());
                }
                assembly.exit(BpfProgram.NEXT);
            }
        }
    }

    private void mark(FastProgram.Mark mark) {
        assembly.load(WORD, R1, R6, BpfProgram.SKB_MARK)
                .alu32(AND, R1, ~mark.mask())
                .alu32(OR, R1, mark.value() & mark.mask())
                .store(WORD, R6, BpfProgram.SKB_MARK, R1);
    }
}
