package io.portcullis.gate;

import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_ALU;
import static io.portcullis.linux.packet.SocketFilter.BPF_AND;
import static io.portcullis.linux.packet.SocketFilter.BPF_IMM;
import static io.portcullis.linux.packet.SocketFilter.BPF_IND;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_JGE;
import static io.portcullis.linux.packet.SocketFilter.BPF_LD;
import static io.portcullis.linux.packet.SocketFilter.BPF_LEN;
import static io.portcullis.linux.packet.SocketFilter.BPF_MEM;
import static io.portcullis.linux.packet.SocketFilter.BPF_RET;
import static io.portcullis.linux.packet.SocketFilter.BPF_ST;
import static io.portcullis.linux.packet.SocketFilter.BPF_SUB;
import static io.portcullis.linux.packet.SocketFilter.BPF_W;
import static io.portcullis.linux.packet.SocketFilter.BPF_X;

import io.portcullis.linux.packet.SocketFilter;
import io.portcullis.linux.packet.SocketFilter.Assembly;
import io.portcullis.linux.packet.SocketFilter.Label;

/**
 * The instructions of a gate in the making. A load beyond the end of a frame ends a program with 0, which traffic control takes for a
 * pass: each load comes behind a {@link #need}.
 */
final class GateCode {
    /** Most instructions: tc(8) builds one message of 16 KiB for a filter. */
    static final int MOST = 2_000;

    /** What a program returns: the next filter decides (TC_ACT_UNSPEC, include/uapi/linux/pkt_cls.h). */
    static final int PASS = -1;

    /** The frame is dropped (TC_ACT_SHOT). */
    static final int DROP = 2;

    /** Beyond the length of any frame: the difference of a length and a greater number, unsigned. */
    private static final int NEGATIVE = 1 << 30;

    private final Assembly code = new Assembly();
    private int length;

    /** Adds an instruction that is no jump. */
    GateCode add(int instruction, int k) throws TooLong {
        count();
        code.add(instruction, k);
        return this;
    }

    private void count() throws TooLong {
        if (++length > MOST) {
            throw new TooLong();
        }
    }

    Label label() {
        return code.label();
    }

    GateCode jump(int condition, int k, Label ifTrue, Label ifFalse) throws TooLong {
        count();
        code.jump(condition, k, ifTrue, ifFalse);
        return this;
    }

    /** A jump that is always taken, however far. */
    GateCode go(Label to) throws TooLong {
        count();
        code.go(to);
        return this;
    }

    GateCode mark(Label label) {
        code.mark(label);
        return this;
    }

    /** Ends the program, with this result. */
    GateCode end(int result) throws TooLong {
        return add(BPF_RET, result);
    }

    /** A becomes a word of scratch memory. */
    GateCode recall(int word) throws TooLong {
        return add(BPF_LD | BPF_MEM, word);
    }

    /** A word of scratch memory becomes A. */
    GateCode keep(int word) throws TooLong {
        return add(BPF_ST, word);
    }

    /** A and a word of scratch memory become a number. */
    GateCode set(int word, int number) throws TooLong {
        return add(BPF_LD | BPF_IMM, number).keep(word);
    }

    /** A becomes one, two or four bytes at X + {@code at}. */
    GateCode load(int size, int at) throws TooLong {
        return add(BPF_LD | size | BPF_IND, at);
    }

    /** A becomes A and a mask. */
    GateCode and(int mask) throws TooLong {
        return add(BPF_ALU | BPF_AND, mask);
    }

    /** Drops a frame without {@code bytes} bytes from X on. */
    GateCode need(int bytes) throws TooLong {
        Label cut = label();
        Label whole = label();
        return add(BPF_LD | BPF_W | BPF_LEN, 0)
                .add(BPF_ALU | BPF_SUB | BPF_X, 0)
                .jump(BPF_JGE, bytes, NEXT, cut)
                .jump(BPF_JGE, NEGATIVE, NEXT, whole)
                .mark(cut)
                .end(DROP)
                .mark(whole);
    }

    /** Ends with a result where A is a number. */
    GateCode endIf(int number, int result) throws TooLong {
        Label other = label();
        return jump(BPF_JEQ, number, NEXT, other).end(result).mark(other);
    }

    /** Ends with a result where A is another number. */
    GateCode endUnless(int number, int result) throws TooLong {
        Label same = label();
        return jump(BPF_JEQ, number, same, NEXT).end(result).mark(same);
    }

    /** Jumps however far where A is a number. */
    GateCode goIf(int number, Label to) throws TooLong {
        Label other = label();
        return jump(BPF_JEQ, number, NEXT, other).go(to).mark(other);
    }

    SocketFilter done() {
        return code.done();
    }
}
