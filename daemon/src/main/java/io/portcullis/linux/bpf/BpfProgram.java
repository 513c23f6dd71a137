package io.portcullis.linux.bpf;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A program for the kernel's eBPF machine (Documentation/bpf/standardization/instruction-set.rst), as a list of instructions,
 * in their order. Traffic control runs it on each frame, with a struct __sk_buff in {@link Register#R1}
 * (include/uapi/linux/bpf.h). Jumps go to labels in the list; {@link BpfAssembly} makes long lists.
 *
 * <p>Immutable; {@link Bpf#load} loads it into the kernel, whose verifier may refuse it.
 *
 * @param name up to 15 letters, digits and underscores, which {@code bpftool} shows
 */
public record BpfProgram(String name, List<Instruction> instructions) {
    /** The machine's registers: R1 to R5 are arguments and are lost in a call, R6 to R9 are kept, R0 is the result. */
    public enum Register {
        R0,
        R1,
        R2,
        R3,
        R4,
        R5,
        R6,
        R7,
        R8,
        R9,
        /** Top of the stack; read-only. */
        R10
    }

    /** The width of a load or store. */
    public enum Size {
        /** One byte; loads of less than eight bytes clear the rest of the register. */
        BYTE(0x10),
        /** Two bytes. */
        HALF(0x08),
        /** Four bytes. */
        WORD(0x00),
        /** Eight bytes. */
        DOUBLE_WORD(0x18);

        final int bits;

        Size(int bits) {
            this.bits = bits;
        }
    }

    /** The condition of a {@link Instruction.Jump}. */
    public enum Condition {
        /** The lower 32 bits are this number. */
        IS(0x16),
        /** The lower 32 bits are another number. */
        IS_NOT(0x56),
        /** All 64 bits are another number: an address that is not 0. */
        DIFFERS(0x55);

        final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    /** What an {@link Instruction.Alu} computes. */
    public enum Operation {
        ADD(0x00),
        SUBTRACT(0x10),
        MULTIPLY(0x20),
        /** Unsigned; a division by 0 yields 0. */
        DIVIDE(0x30),
        OR(0x40),
        AND(0x50),
        SHIFT_LEFT(0x60),
        /** Fills with zeroes. */
        SHIFT_RIGHT(0x70),
        XOR(0xa0),
        COPY(0xb0);

        final int code;

        Operation(int code) {
            this.code = code;
        }
    }

    /** The condition of an {@link Instruction.Branch}; above and below are unsigned, greater and less are signed. */
    public enum Test {
        EQUAL(0x10),
        ABOVE(0x20),
        NOT_BELOW(0x30),
        /** One of the right operand's bits is set in the left one. */
        ANY_SET(0x40),
        NOT_EQUAL(0x50),
        GREATER(0x60),
        NOT_LESS(0x70),
        BELOW(0xa0),
        NOT_ABOVE(0xb0),
        LESS(0xc0),
        NOT_GREATER(0xd0);

        final int code;

        Test(int code) {
            this.code = code;
        }
    }

    /** Functions of the kernel (bpf-helpers(7)). */
    public enum Function {
        /** R1: map, R2: address of the key. R0: address of the value, or 0. */
        MAP_LOOKUP_ELEMENT(1),
        /** R0: CLOCK_MONOTONIC, nanoseconds. */
        KTIME_GET_NS(5),
        /** R0: number of the processor. */
        GET_SMP_PROCESSOR_ID(8),
        /** R1: frame, R2: tag's ethertype in network byte order, R3: control information. */
        SKB_VLAN_PUSH(18),
        /** R1: frame. */
        SKB_VLAN_POP(19),
        /** R1: index of a NIC, R2: 0 to leave by it, {@link #INGRESS} to arrive on it. R0: what to return. */
        REDIRECT(23),
        /** R1: frame, R2: offset in it, R3: address to copy to, R4: bytes. R0: 0, or less where the frame is shorter; then all are 0. */
        SKB_LOAD_BYTES(26),
        /** R1, R2, R3, R4: address and bytes, a multiple of 4, of what is taken away and what is added, R5: sum so far. R0: the sum. */
        CSUM_DIFF(28),
        /** R1: frame, R2: 0, a query. R0: not negative: the kernel or a NIC has verified a checksum (CHECKSUM_UNNECESSARY). */
        CSUM_LEVEL(135),
        /** As {@link #REDIRECT}, to the other end of a veth in another namespace. */
        REDIRECT_PEER(155),
        /** As {@link #KTIME_GET_NS} at the last tick, which is cheaper (Linux 5.11). */
        KTIME_GET_COARSE_NS(160),
        /** R1: frame, R2: 0, R3: 0. Removes the time stamp: what is stored there next is a time of arrival (Linux 5.18). */
        SKB_SET_TSTAMP(192);

        /** For {@link #REDIRECT}. */
        public static final int INGRESS = 1;

        final int number;

        Function(int number) {
            this.number = number;
        }
    }

    /** The target of jumps. */
    public record Label(String name) {}

    /** One instruction, or a {@link Place}. */
    public sealed interface Instruction {
        /** to = number, sign-extended. */
        record Set(Register to, int number) implements Instruction {}

        /** to = from. */
        record Copy(Register to, Register from) implements Instruction {}

        /** to += number. */
        record Add(Register to, int number) implements Instruction {}

        /** to = to AND mask; the upper half becomes 0. */
        record And(Register to, int mask) implements Instruction {}

        /** to = to OR bits; the upper half becomes 0. */
        record Or(Register to, int bits) implements Instruction {}

        /** to = memory at from + offset. */
        record Load(Size size, Register to, Register from, int offset) implements Instruction {}

        /** Memory at to + offset = from. */
        record Store(Size size, Register to, int offset, Register from) implements Instruction {}

        /** Memory at to + offset = number, four bytes. */
        record StoreNumber(Register to, int offset, int number) implements Instruction {}

        /** to = a map. Takes two slots. */
        record LoadMap(Register to, BpfMap map) implements Instruction {}

        /** Goes on at the label where the condition holds. */
        record Jump(Condition condition, Register left, int number, Label to) implements Instruction {}

        /** Goes on at the label where left > right, unsigned, 64 bits. */
        record JumpAbove(Register left, Register right, Label to) implements Instruction {}

        /** to = number; takes two slots. */
        record SetLong(Register to, long number) implements Instruction {}

        /** to = to, number, combined; not wide: 32 bits, and the upper half becomes 0. */
        record Alu(Operation operation, boolean wide, Register to, int number) implements Instruction {}

        /** to = to, from, combined. */
        record AluOf(Operation operation, boolean wide, Register to, Register from) implements Instruction {}

        /** to = -to; not wide: 32 bits, and the upper half becomes 0. */
        record Negate(boolean wide, Register to) implements Instruction {}

        /** Changes the lower 16, 32 or all 64 bits between network byte order and the machine's; clears the others. */
        record Swap(Register to, int bits) implements Instruction {}

        /** to = address of a byte in an array's value; takes two slots. */
        record Address(Register to, BpfArray array, int offset) implements Instruction {}

        /** Memory at base + offset += number, atomically; size 4 or 8. Fetches: number = what was there. */
        record AtomicAdd(Size size, Register base, int offset, Register number, boolean fetches)
                implements Instruction {}

        /** If memory at base + offset is R0, it becomes next, atomically; size 4 or 8. R0 = what was there. */
        record CompareExchange(Size size, Register base, int offset, Register next) implements Instruction {}

        /** Goes on at the label where the test holds, of 64 or the lower 32 bits. May go back: the verifier must see an end. */
        record Branch(Test test, boolean wide, Register left, int number, Label to) implements Instruction {}

        /** As {@link Branch}, with another register on the right. */
        record BranchOn(Test test, boolean wide, Register left, Register right, Label to) implements Instruction {}

        /** Goes on at the label; may go back. */
        record Go(Label to) implements Instruction {}

        /** Calls the kernel. */
        record Call(Function function) implements Instruction {}

        /** Ends the program; R0 is the return value. */
        record Exit() implements Instruction {}

        /** The position of a label; not an instruction of the machine. */
        record Place(Label label) implements Instruction {}
    }

    /** Offset in struct __sk_buff: the packet mark, which a program may change. */
    public static final int SKB_MARK = 8;

    /** Return value: the next program runs; without one the frame goes to the stack (TCX_NEXT, TC_ACT_UNSPEC). */
    public static final int NEXT = -1;

    /** Return value: the frame is dropped (TCX_DROP, TC_ACT_SHOT). */
    public static final int DROP = 2;

    /** Bytes of a program's name at the most (BPF_OBJ_NAME_LEN less its end). */
    static final int NAME_LENGTH = 15;

    /**
     * Checks the program as far as that is possible without the kernel.
     *
     * @throws IllegalArgumentException where a jump goes back or has no target, a label is in the list twice, or the last instruction
     *     does not end the program
     */
    public BpfProgram {
        instructions = List.copyOf(instructions);
        checkName(name);
        if (instructions.isEmpty() || !(instructions.getLast() instanceof Instruction.Exit)) {
            throw new IllegalArgumentException(name + ": the last instruction does not end it");
        }
        new BpfEncoder(name, false).encode(instructions);
    }

    /** Refuses what the kernel would refuse as the name of a program or map. */
    static void checkName(String name) {
        if (!name.matches("[A-Za-z0-9_]{1," + NAME_LENGTH + "}")) {
            throw new IllegalArgumentException("not 1 to " + NAME_LENGTH + " letters, digits and underscores: " + name);
        }
    }

    /** A program of these instructions. */
    public static BpfProgram of(String name, Instruction... instructions) {
        return new BpfProgram(name, Arrays.asList(instructions));
    }

    /** Each struct bpf_insn as one little-endian word, with the descriptors of its maps. */
    long[] encoded() {
        return new BpfEncoder(name, true).encode(instructions);
    }

    /** A hash of name and instructions, without the descriptors of maps: 16 hexadecimal digits. */
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(name.getBytes(StandardCharsets.US_ASCII));
            for (long word : new BpfEncoder(name, false).encode(instructions)) {
                for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
                    digest.update((byte) (word >>> shift));
                }
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }
}
