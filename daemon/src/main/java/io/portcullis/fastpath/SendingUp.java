package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.LINK;
import static io.portcullis.fastpath.FastCode.SKB_DATA;
import static io.portcullis.fastpath.FastCode.SKB_LINE;
import static io.portcullis.fastpath.FastCode.SKB_TIME;
import static io.portcullis.fastpath.FastCode.V4;
import static io.portcullis.fastpath.FastCode.V6;
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
import static io.portcullis.linux.bpf.BpfProgram.Size.HALF;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.BELOW;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.GREATER;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_GREATER;

import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;

/**
 * Sends a frame to the daemon, with the line of its flow and the flow's new count as its time stamp, or 0 where there is no line. Above
 * the gate's limits it drops the frame instead: new flows first, among them those of sources with many. A dead one drops all.
 */
final class SendingUp {
    private static final int NS_PER_SECOND = 1_000_000_000;
    private static final long GOLDEN_RATIO = 0x9e3779b97f4a7c15L;
    private static final int ETHERTYPE_V4 = 0x0008;
    private static final int ETHERTYPE_V6 = 0xdd86;

    private final FastCode code;
    private final BpfAssembly assembly;
    private final Label drop;
    private final Label send;

    SendingUp(FastCode code) {
        this.code = code;
        assembly = code.assembly;
        drop = assembly.label("drop");
        send = assembly.label("send");
    }

    void emit() {
        if (code.live()) {
            known();
            unknown();
            assembly.place(send);
            send();
            assembly.place(drop);
        } else {
            assembly.place(code.up).place(code.unknown);
        }
        assembly.exit(BpfProgram.DROP);
    }

    /** R2: the time stamp, R3: the gate. */
    private void known() {
        Label due = assembly.label("due");
        Label fits = assembly.label("fits");
        assembly.place(code.up);
        code.ifPastDeadline(drop, due);
        assembly.place(due);
        code.gate(R3);
        assembly.load(WORD, R2, R3, FastLayout.GATE_LIMIT_KNOWN).jump(EQUAL, R2, 0, fits);
        backlog(R1, R4);
        assembly.jump(NOT_GREATER, R1, R2, fits);
        shed(FastLayout.SHED_KNOWN);
        assembly.place(fits)
                .set(R1, 1)
                .fetchAdd(WORD, R8, code.ingress() ? FastLayout.INGRESS_UP : FastLayout.EGRESS_UP, R1)
                .alu(ADD, R1, 1)
                .alu(AND, R1, FastLayout.COUNT_MASK)
                .load(WORD, R2, R6, SKB_LINE)
                .setLong(R4, Integer.toUnsignedLong(FastLayout.TAG_BASE))
                .alu(ADD, R2, R4)
                .alu(MULTIPLY, R2, NS_PER_SECOND)
                .alu(ADD, R2, R1)
                .go(send);
    }

    private void unknown() {
        Label due = assembly.label("dueUnknown");
        Label fits = assembly.label("fitsUnknown");
        Label shed = assembly.label("shed");
        assembly.place(code.unknown);
        code.ifPastDeadline(drop, due);
        assembly.place(due);
        code.gate(R3);
        assembly.load(WORD, R5, R3, FastLayout.GATE_LIMIT_NEW).jump(EQUAL, R5, 0, fits);
        countSource();
        backlog(R2, R4);
        assembly.jump(GREATER, R2, R5, shed)
                .alu(SHIFT_RIGHT, R5, 1)
                .jump(NOT_GREATER, R2, R5, fits)
                .load(WORD, R5, R3, FastLayout.GATE_SHARE)
                .jump(BELOW, R1, R5, fits)
                .place(shed);
        shed(FastLayout.SHED_NEW);
        assembly.place(fits).set(R2, 0);
    }

    /** to = frames that have gone up and that the daemon has not taken. */
    private void backlog(Register to, Register scratch) {
        assembly.load(
                        DOUBLE_WORD,
                        to,
                        R3,
                        code.ofDirection(FastLayout.GATE_UP, FastLayout.PER_DIRECTION) + FastLayout.UP)
                .load(DOUBLE_WORD, scratch, R3, code.ofDirection(FastLayout.GATE_TAKEN, FastLayout.PER_DIRECTION))
                .alu(SUBTRACT, to, scratch);
    }

    /** R1: how many frames without a line this source has sent before. By IPv4 address, IPv6 network of 64 bits, else MAC address. */
    private void countSource() {
        Label other = assembly.label("other");
        Label hash = assembly.label("source");
        Label none = assembly.label("none");
        assembly.set(R2, 0).load(WORD, R7, R6, SKB_DATA);
        code.need(LINK + 8, R8, R4, none);
        assembly.load(WORD, R2, R7, 6).load(HALF, R1, R7, 12).jump(NOT_EQUAL, R1, ETHERTYPE_V4, other);
        code.need(LINK + V4, R8, R4, hash);
        assembly.load(WORD, R2, R7, LINK + 12).go(hash).place(other).jump(NOT_EQUAL, R1, ETHERTYPE_V6, hash);
        code.need(LINK + V6, R8, R4, hash);
        assembly.load(DOUBLE_WORD, R2, R7, LINK + 8)
                .place(none)
                .place(hash)
                .load(DOUBLE_WORD, R1, R3, FastLayout.GATE_KEY)
                .alu(XOR, R2, R1)
                .setLong(R1, GOLDEN_RATIO)
                .alu(MULTIPLY, R2, R1)
                .alu(SHIFT_RIGHT, R2, Long.SIZE - Integer.numberOfTrailingZeros(FastLayout.SOURCES))
                .alu(SHIFT_LEFT, R2, 2)
                .address(R4, code.program.array(), FastLayout.GATE_SOURCES)
                .alu(ADD, R4, R2)
                .set(R1, 1)
                .fetchAdd(WORD, R4, 0, R1);
    }

    private void shed(int counter) {
        assembly.set(R1, 1)
                .atomicAdd(
                        DOUBLE_WORD, R3, code.ofDirection(FastLayout.GATE_UP, FastLayout.PER_DIRECTION) + counter, R1)
                .exit(BpfProgram.DROP);
    }

    private void send() {
        boolean leaving = !code.ingress() && code.program.route() instanceof FastProgram.Route.Host;
        if (leaving && code.features.timeStamps) {
            // TCP's stamp is a time to send at. Such a stamp would not be shown.
            assembly.copy(R9, R2)
                    .copy(R1, R6)
                    .set(R2, 0)
                    .set(R3, 0)
                    .call(Function.SKB_SET_TSTAMP)
                    .copy(R2, R9);
            code.gate(R3);
        }
        assembly.store(DOUBLE_WORD, R6, SKB_TIME, R2)
                .set(R1, 1)
                .fetchAdd(
                        DOUBLE_WORD,
                        R3,
                        code.ofDirection(FastLayout.GATE_UP, FastLayout.PER_DIRECTION) + FastLayout.UP,
                        R1)
                .set(R1, code.program.tap())
                .set(R2, Function.INGRESS)
                .call(Function.REDIRECT)
                .exit();
    }
}
