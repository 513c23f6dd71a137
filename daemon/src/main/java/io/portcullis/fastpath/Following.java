package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.TCP;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
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
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Size.BYTE;
import static io.portcullis.linux.bpf.BpfProgram.Size.DOUBLE_WORD;
import static io.portcullis.linux.bpf.BpfProgram.Size.HALF;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.GREATER;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_ABOVE;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_BELOW;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_GREATER;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.PlainSegment;
import io.portcullis.conntrack.TcpConnection;
import io.portcullis.conntrack.TcpSide;
import io.portcullis.conntrack.TcpTracker;
import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.packet.TcpFlags;
import java.util.function.Consumer;

/**
 * Goes on if a segment leaves its TCP connection established and is within both windows, and widens the windows of the line by it, as
 * {@link PlainSegment} does; and as {@link io.portcullis.conntrack.TcpTracker} does with selective acknowledgments in their common
 * layouts. Windows of both engines only grow, so each field is joined by itself.
 */
final class Following {
    // Of a TCP header.
    private static final int SEQUENCE = 4;
    private static final int ACKNOWLEDGMENT = 8;
    private static final int HEADER_LENGTH = 12;
    private static final int CONTROL_BITS = 13;
    private static final int WINDOW = 14;

    private static final int CHECKED_BITS = TcpFlags.FIN | TcpFlags.SYN | TcpFlags.RST | TcpFlags.ACK;

    /** In a line, this flag says something else. */
    private static final int CHECKED = PlainSegment.CHECKED & ~FlowLayout.REPLIED;

    private static final int PLAIN = PlainSegment.PLAIN & ~FlowLayout.REPLIED;

    private static final int LAST_WINDOW = FlowLayout.LAST + 4;
    private static final int BITS = FlowLayout.LAST + 6;
    private static final int BITS_SHIFT = 48;
    private static final int REPEATS = TcpConnection.MAX_REPEATS << TcpConnection.REPEATS_SHIFT;
    private static final int LAST_FROM = TcpConnection.ACK_SEGMENT_SEEN | TcpConnection.LAST_FROM_ORIGINATOR;

    private final FastCode code;
    private final BpfAssembly assembly;
    private final Label up;

    Following(FastCode code) {
        this.code = code;
        assembly = code.assembly;
        up = code.up;
    }

    /** to = bytes of the TCP header at R7; jumps where it is cut. */
    static void headerLength(FastCode code, Register to, Register scratch, Label cut) {
        code.need(TCP, to, scratch, cut);
        code.assembly.load(BYTE, to, R7, HEADER_LENGTH).alu(SHIFT_RIGHT, to, 4).alu(SHIFT_LEFT, to, 2);
    }

    void emit() {
        Label beganInside = assembly.label("beganInside");
        connection();
        new Acknowledging(code).emit();
        // R1: sequence, R2: its end, R3: highest acknowledgment, R4: window as it is in the header.
        code.transportLength(R1, R2);
        assembly.load(BYTE, R2, R7, HEADER_LENGTH)
                .alu(SHIFT_RIGHT, R2, 4)
                .alu(SHIFT_LEFT, R2, 2)
                .jump(GREATER, R2, R1, up)
                .alu(SUBTRACT, R1, R2)
                .loadNetwork(WORD, R4, R7, SEQUENCE)
                .copy32(R2, R4)
                .alu32(ADD, R2, R1)
                .copy(R1, R4)
                .loadNetwork(HALF, R4, R7, WINDOW)
                .jump(EQUAL, R4, 0, up)
                .load(WORD, R5, R8, FastLayout.FLAGS)
                .jump(ANY_SET, R5, FlowLayout.BEGAN_INSIDE, beganInside);
        follow(code.ingress());
        assembly.go(code.account).place(beganInside);
        follow(!code.ingress());
    }

    /** The segment is an ACK, and ACKs may be plain in this connection. */
    private void connection() {
        code.need(TCP, R1, R2, up);
        assembly.load(BYTE, R1, R7, CONTROL_BITS)
                .alu(AND, R1, CHECKED_BITS)
                .jump(NOT_EQUAL, R1, TcpFlags.ACK, up)
                .load(WORD, R1, R8, FastLayout.FLAGS)
                .alu32(AND, R1, CHECKED)
                .jump32(NOT_EQUAL, R1, PLAIN, up)
                .load(HALF, R1, R8, BITS)
                .jump(ANY_SET, R1, PlainSegment.NOT_PLAIN, up)
                .alu(AND, R1, REPEATS)
                .jump(EQUAL, R1, REPEATS, up)
                .load(HALF, R1, R8, LAST_WINDOW)
                .jump(EQUAL, R1, 0, up);
    }

    private void follow(boolean fromOriginator) {
        int sender = fromOriginator ? FlowLayout.ORIGINATOR : FlowLayout.RESPONDER;
        int receiver = fromOriginator ? FlowLayout.RESPONDER : FlowLayout.ORIGINATOR;
        checkWindows(sender, receiver);
        noteLast(fromOriginator);
        widen(fromOriginator, sender, receiver);
    }

    private void checkWindows(int sender, int receiver) {
        Label wide = assembly.label("wide");
        upIfBeyond(R1, sender + FlowLayout.SIDE_ENDS + 4);
        upIfBeyond(R2, sender + FlowLayout.SIDE_ENDS + 4);
        upIfBeyond(R3, receiver + FlowLayout.SIDE_ENDS);
        upIfBeyond(R3, receiver + FlowLayout.SIDE_ENDS + 4);
        assembly.load(WORD, R0, R8, sender + FlowLayout.SIDE_ENDS)
                .alu32(SUBTRACT, R0, R2)
                .load(WORD, R1, R8, receiver + FlowLayout.SIDE_WINDOW)
                .jump32(GREATER, R0, R1, up)
                .load(WORD, R0, R8, receiver + FlowLayout.SIDE_ENDS)
                .alu32(SUBTRACT, R0, R3)
                .load(WORD, R1, R8, sender + FlowLayout.SIDE_WINDOW)
                .jump32(GREATER, R1, TcpTracker.MAX_ACK_WINDOW, wide)
                .set(R1, TcpTracker.MAX_ACK_WINDOW)
                .place(wide)
                .jump32(GREATER, R0, R1, up);
    }

    private void upIfBeyond(Register sequence, int bound) {
        assembly.load(WORD, R0, R8, bound).negate32(R0).alu32(ADD, R0, sequence).jump32(GREATER, R0, 0, up);
    }

    /** Stores the last segment; up where it is its third repeat. Afterwards R5 has the window above its lower 32 bits. */
    private void noteLast(boolean fromOriginator) {
        Label first = assembly.label("first");
        Label noted = assembly.label("noted");
        int last = fromOriginator ? LAST_FROM : TcpConnection.ACK_SEGMENT_SEEN;
        int kept = 0xffff & ~(TcpConnection.ANY_PENDING | TcpConnection.LAST_FROM_ORIGINATOR | REPEATS);
        assembly.loadNetwork(DOUBLE_WORD, R1, R7, SEQUENCE)
                .copy(R0, R1)
                .alu(SHIFT_LEFT, R1, 32)
                .alu(SHIFT_RIGHT, R0, 32)
                .alu(OR, R1, R0)
                .copy(R5, R4)
                .alu(SHIFT_LEFT, R5, 32)
                .alu(OR, R5, R2)
                .load(DOUBLE_WORD, R0, R8, FlowLayout.LAST_SEQUENCES)
                .jump(NOT_EQUAL, R0, R1, first)
                .load(DOUBLE_WORD, R0, R8, FlowLayout.LAST)
                .alu(XOR, R0, R5)
                .copy(R4, R0)
                .alu(SHIFT_LEFT, R4, Long.SIZE - BITS_SHIFT)
                .jump(NOT_EQUAL, R4, 0, first)
                .alu(SHIFT_RIGHT, R0, BITS_SHIFT)
                .copy(R4, R0)
                .alu(AND, R4, LAST_FROM)
                .jump(NOT_EQUAL, R4, last, first)
                .copy(R4, R0)
                .alu(SHIFT_RIGHT, R4, TcpConnection.REPEATS_SHIFT)
                .alu(AND, R4, TcpConnection.MAX_REPEATS)
                .alu(ADD, R4, 1)
                .jump(NOT_BELOW, R4, TcpTracker.RETRANSMITS, up)
                .alu(SHIFT_LEFT, R4, TcpConnection.REPEATS_SHIFT)
                .go(noted)
                .place(first)
                .set(R4, 0)
                .load(HALF, R0, R8, BITS)
                .place(noted)
                .alu(AND, R0, kept)
                .alu(OR, R0, last | TcpConnection.ACK_SEGMENT_PRECEDES)
                .alu(OR, R0, R4)
                .alu(SHIFT_LEFT, R0, BITS_SHIFT)
                .alu(OR, R0, R5)
                .store(DOUBLE_WORD, R8, FlowLayout.LAST, R0)
                .store(DOUBLE_WORD, R8, FlowLayout.LAST_SEQUENCES, R1);
    }

    private void widen(boolean fromOriginator, int sender, int receiver) {
        Label fits = assembly.label("fitsWindow");
        int side = fromOriginator ? FlowLayout.ORIGINATOR_SHIFT : FlowLayout.RESPONDER_SHIFT;
        assembly.copy(R4, R5)
                .alu(SHIFT_RIGHT, R4, 32)
                .load(WORD, R0, R8, FastLayout.FLAGS)
                .alu32(SHIFT_RIGHT, R0, side + TcpSide.SCALE_SHIFT)
                .alu32(AND, R0, 15)
                .alu32(SHIFT_LEFT, R4, R0);
        joinLater(sender + FlowLayout.SIDE_ENDS, R2);
        assembly.loadNetwork(WORD, R1, R7, ACKNOWLEDGMENT);
        joinLater(sender + FlowLayout.SIDE_WINDOW + 4, R1);
        assembly.copy32(R2, R3)
                .alu32(SUBTRACT, R2, R1)
                .alu(ADD, R2, R4)
                .jump(NOT_ABOVE, R2, TcpSide.MAX_WINDOW, fits)
                .set(R2, TcpSide.MAX_WINDOW)
                .place(fits);
        join(sender + FlowLayout.SIDE_WINDOW, R2, done -> assembly.jump32(NOT_ABOVE, R2, R0, done));
        assembly.alu32(ADD, R3, R4);
        joinLater(receiver + FlowLayout.SIDE_ENDS + 4, R3);
    }

    private void joinLater(int field, Register sequence) {
        join(
                field,
                sequence,
                done -> assembly.copy32(R5, sequence).alu32(SUBTRACT, R5, R0).jump32(NOT_GREATER, R5, 0, done));
    }

    /** Writes a value to a field unless that has a wider one; the daemon and other processors write it too. */
    private void join(int field, Register value, Consumer<Label> unlessWider) {
        Label done = assembly.label("joined");
        assembly.load(WORD, R0, R8, field);
        // Each try fails only where another one has widened the window.
        for (int tries = 0; tries < 3; tries++) {
            unlessWider.accept(done);
            assembly.copy32(R5, R0).compareExchange(WORD, R8, field, value).jump32(EQUAL, R0, R5, done);
        }
        assembly.place(done);
    }
}
