package io.portcullis.linux.packet;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A program for the kernel's classic BPF machine (Documentation/networking/filter.rst): an accumulator A, an index
 * register X, sixteen words of scratch memory, all of 32 bits and unsigned. It reads a frame and returns a number; a load
 * beyond the frame's end ends it, with 0. Jumps go forward only, so that it ends. The codes have their C names
 * (include/uapi/linux/bpf_common.h, filter.h): an instruction's code is a class and the constants below that class, or-ed.
 *
 * <p>Immutable; any thread. An {@link Assembly} makes one.
 */
public final class SocketFilter {
    /** Class: load A. */
    public static final int BPF_LD = 0x00;
    /** Class: load X. */
    public static final int BPF_LDX = 0x01;
    /** Class: store A in scratch memory, word {@code k}. */
    public static final int BPF_ST = 0x02;
    /** Class: arithmetic on A. */
    public static final int BPF_ALU = 0x04;
    /** Class: jump. */
    public static final int BPF_JMP = 0x05;
    /** Class: end, and return. */
    public static final int BPF_RET = 0x06;
    /** Class: other instructions. */
    public static final int BPF_MISC = 0x07;

    /** Load four bytes, big-endian. */
    public static final int BPF_W = 0x00;
    /** Load two. */
    public static final int BPF_H = 0x08;
    /** Load one. */
    public static final int BPF_B = 0x10;

    /** Load {@code k} itself. */
    public static final int BPF_IMM = 0x00;
    /** Load from the frame at {@code k}; from {@link #SKF_AD_OFF} on, the kernel's metadata. */
    public static final int BPF_ABS = 0x20;
    /** Load from the frame at X + {@code k}. */
    public static final int BPF_IND = 0x40;
    /** Load word {@code k} of scratch memory. */
    public static final int BPF_MEM = 0x60;
    /** Load the frame's length. */
    public static final int BPF_LEN = 0x80;

    /** A + operand. */
    public static final int BPF_ADD = 0x00;
    /** A - operand. */
    public static final int BPF_SUB = 0x10;
    /** A times operand. */
    public static final int BPF_MUL = 0x20;
    /** A and operand, bit by bit. */
    public static final int BPF_AND = 0x50;
    /** A shifted left. */
    public static final int BPF_LSH = 0x60;
    /** A shifted right; zeroes come in. */
    public static final int BPF_RSH = 0x70;
    /** A exclusive-or operand. */
    public static final int BPF_XOR = 0xa0;

    /** Jump always, by {@code k} instructions. */
    public static final int BPF_JA = 0x00;
    /** Jump where A is the operand. */
    public static final int BPF_JEQ = 0x10;
    /** Jump where A is the operand or greater. */
    public static final int BPF_JGE = 0x30;
    /** Jump where A has one of the operand's bits. */
    public static final int BPF_JSET = 0x40;

    /** The operand is X, and not {@code k}. */
    public static final int BPF_X = 0x08;
    /** Return A. */
    public static final int BPF_A = 0x10;

    /** X becomes A. */
    public static final int BPF_TAX = 0x00;

    /** {@link #BPF_ABS}: first offset of the kernel's metadata. */
    public static final int SKF_AD_OFF = -0x1000;
    /** From there: the ethertype behind the VLAN tag that the kernel removed. */
    public static final int SKF_AD_PROTOCOL = 0;
    /** From there: the frame's destination (PACKET_…). */
    public static final int SKF_AD_PKTTYPE = 4;

    /** From there: the packet mark. */
    public static final int SKF_AD_MARK = 20;

    /** {@link #SKF_AD_PKTTYPE} of a frame that leaves the NIC (include/uapi/linux/if_packet.h). */
    public static final int PACKET_OUTGOING = 4;

    /** Most instructions of a program (include/uapi/linux/bpf_common.h). */
    public static final int BPF_MAXINSNS = 4_096;

    private static final int CLASS = 0x07;
    private static final int FARTHEST = 0xff;
    private static final int IF_TRUE = 16;
    private static final int IF_FALSE = 24;
    private static final int OPERAND = 32;

    private final long[] instructions;

    private SocketFilter(long[] instructions) {
        this.instructions = instructions;
    }

    /** Number of instructions. */
    public int length() {
        return instructions.length;
    }

    /**
     * A struct sock_filter as one little-endian word: the code in bits 0–15, how many instructions a jump skips if true in
     * bits 16–23, and if false in 24–31, the operand {@code k} in 32–63.
     */
    public long instruction(int i) {
        return instructions[i];
    }

    /** The instructions as the kernel reads them: an array of struct sock_filter. */
    public byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * instructions.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(instructions);
        return bytes.array();
    }

    /** Whether another program has the same instructions. */
    public boolean isSame(SocketFilter other) {
        return Arrays.equals(instructions, other.instructions);
    }

    /** A struct sock_fprog: u16 length, and a pointer to the instructions; all in the arena. */
    MemorySegment program(Arena arena) {
        MemorySegment program = arena.allocate(16, 8);
        program.set(JAVA_SHORT, 0, (short) instructions.length);
        program.set(ADDRESS, 8, arena.allocateFrom(JAVA_LONG, instructions));
        return program;
    }

    /** A target of jumps in a program. */
    public static final class Label {
        private static final int NOWHERE = -1;

        private int at = NOWHERE;

        private Label() {}
    }

    /** Builds a program, first instruction first. {@link #done} refuses impossible jumps. */
    public static final class Assembly {
        /** The target of a conditional jump that continues with the next instruction. */
        public static final Label NEXT = new Label();

        private record Jump(int from, Label ifTrue, Label ifFalse) {}

        private long[] instructions = new long[64];
        private int length;
        private final List<Jump> jumps = new ArrayList<>();

        /** An empty program. */
        public Assembly() {}

        /** Adds an instruction that needs no operand. */
        public Assembly add(int code) {
            return add(code, 0);
        }

        /** Adds an instruction that is no jump. */
        public Assembly add(int code, int k) {
            if (length == instructions.length) {
                instructions = Arrays.copyOf(instructions, 2 * length);
            }
            instructions[length++] = code | (long) k << OPERAND;
            return this;
        }

        /** A label; {@link #mark} sets its target. */
        public Label label() {
            return new Label();
        }

        /** Adds a conditional jump: {@link #BPF_JEQ} and its like. */
        public Assembly jump(int condition, int k, Label ifTrue, Label ifFalse) {
            jumps.add(new Jump(length, ifTrue, ifFalse));
            return add(BPF_JMP | condition, k);
        }

        /** Adds a jump that is always taken, however far. */
        public Assembly go(Label to) {
            return jump(BPF_JA, 0, to, NEXT);
        }

        /** Makes the next instruction the label's target. Once for each label, after all of its jumps. */
        public Assembly mark(Label label) {
            if (label == NEXT || label.at != Label.NOWHERE) {
                throw new IllegalStateException("instruction " + length + ": this label has a target already");
            }
            label.at = length;
            return this;
        }

        /**
         * The program.
         *
         * @throws IllegalStateException if the kernel would refuse it: it is empty or too long, it can run beyond its end, a
         * conditional jump skips more than 255 instructions, or a jump goes back or has no target
         */
        public SocketFilter done() {
            if (length == 0 || length > BPF_MAXINSNS) {
                throw new IllegalStateException(length + " instructions; a program has 1 to " + BPF_MAXINSNS);
            }
            long[] done = Arrays.copyOf(instructions, length);
            if ((done[length - 1] & CLASS) != BPF_RET) {
                throw new IllegalStateException("the last instruction does not return");
            }
            for (Jump jump : jumps) {
                if ((done[jump.from] & 0xffff) == (BPF_JMP | BPF_JA)) {
                    done[jump.from] |= (long) skipped(jump.from, jump.ifTrue) << OPERAND;
                } else {
                    done[jump.from] |=
                            near(jump.from, jump.ifTrue) << IF_TRUE | near(jump.from, jump.ifFalse) << IF_FALSE;
                }
            }
            return new SocketFilter(done);
        }

        private long near(int from, Label to) {
            int skipped = skipped(from, to);
            if (skipped > FARTHEST) {
                throw new IllegalStateException("instruction " + from + ": skips " + skipped
                        + " instructions; a jump skips at most " + FARTHEST);
            }
            return skipped;
        }

        private int skipped(int from, Label to) {
            if (to == NEXT) {
                return 0;
            }
            if (to.at == Label.NOWHERE || to.at <= from || to.at == length) {
                throw new IllegalStateException("instruction " + from + ": jumps to "
                        + (to.at == Label.NOWHERE ? "a label without a target" : "instruction " + to.at));
            }
            return to.at - from - 1;
        }
    }
}
