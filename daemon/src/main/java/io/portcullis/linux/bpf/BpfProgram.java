package io.portcullis.linux.bpf;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A program for the kernel's eBPF machine (Documentation/bpf/standardization/instruction-set.rst), as a list of instructions,
 * in their order. Traffic control runs it on each frame, with a struct __sk_buff in {@link Register#R1}
 * (include/uapi/linux/bpf.h). Jumps go forward only, to labels in the list.
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
        /** Four bytes; a load clears the upper half of the register. */
        WORD(0x00),
        /** Eight bytes. */
        DOUBLE_WORD(0x18);

        private final int bits;

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

        private final int code;

        Condition(int code) {
            this.code = code;
        }
    }

    /** Functions of the kernel (bpf-helpers(7)). */
    public enum Function {
        /** R1: map, R2: address of the key. R0: address of the value, or 0. */
        MAP_LOOKUP_ELEMENT(1),
        /** R0: CLOCK_MONOTONIC, nanoseconds. */
        KTIME_GET_NS(5),
        /** R1: frame, R2: tag's ethertype in network byte order, R3: control information. */
        SKB_VLAN_PUSH(18),
        /** R1: frame. */
        SKB_VLAN_POP(19),
        /** R1: index of a NIC, R2: 0 to leave by it, {@link #INGRESS} to arrive on it. R0: what to return. */
        REDIRECT(23);

        /** For {@link #REDIRECT}. */
        public static final int INGRESS = 1;

        private final int number;

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

    private static final int ALU = 0x04;
    private static final int ALU64 = 0x07;
    private static final int ADD = 0x00;
    private static final int OR = 0x40;
    private static final int AND = 0x50;
    private static final int MOV = 0xb0;
    private static final int FROM_REGISTER = 0x08;
    private static final int LDX_MEM = 0x61;
    private static final int ST_MEM = 0x62;
    private static final int STX_MEM = 0x63;
    private static final int LD_IMM64 = 0x18;
    private static final int PSEUDO_MAP_FD = 1;
    private static final int JGT_X = 0x2d;
    private static final int CALL = 0x85;
    private static final int EXIT = 0x95;

    private static final int DESTINATION = 8;
    private static final int SOURCE = 12;
    private static final int OFFSET = 16;
    private static final int NUMBER = 32;

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
        encode(name, instructions, false);
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
        return encode(name, instructions, true);
    }

    /** A hash of name and instructions, without the descriptors of maps: 16 hexadecimal digits. */
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(name.getBytes(StandardCharsets.US_ASCII));
            for (long word : encode(name, instructions, false)) {
                for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
                    digest.update((byte) (word >>> shift));
                }
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every Java has SHA-256", impossible);
        }
    }

    private static long[] encode(String name, List<Instruction> instructions, boolean withMaps) {
        Map<Label, Integer> places = new HashMap<>();
        int length = 0;
        for (Instruction instruction : instructions) {
            switch (instruction) {
                case Instruction.Place(Label label) -> {
                    if (places.put(label, length) != null) {
                        throw new IllegalArgumentException(name + ": label " + label.name() + " is there twice");
                    }
                }
                case Instruction.LoadMap _ -> length += 2;
                default -> length++;
            }
        }
        List<Long> words = new ArrayList<>();
        for (Instruction instruction : instructions) {
            int at = words.size();
            switch (instruction) {
                case Instruction.Set(Register to, int number) -> words.add(word(ALU64 | MOV, to, 0, 0, number));
                case Instruction.Copy(Register to, Register from) ->
                    words.add(word(ALU64 | MOV | FROM_REGISTER, to, from.ordinal(), 0, 0));
                case Instruction.Add(Register to, int number) -> words.add(word(ALU64 | ADD, to, 0, 0, number));
                case Instruction.And(Register to, int mask) -> words.add(word(ALU | AND, to, 0, 0, mask));
                case Instruction.Or(Register to, int bits) -> words.add(word(ALU | OR, to, 0, 0, bits));
                case Instruction.Load(Size size, Register to, Register from, int offset) ->
                    words.add(word(LDX_MEM | size.bits, to, from.ordinal(), offset, 0));
                case Instruction.Store(Size size, Register to, int offset, Register from) ->
                    words.add(word(STX_MEM | size.bits, to, from.ordinal(), offset, 0));
                case Instruction.StoreNumber(Register to, int offset, int number) ->
                    words.add(word(ST_MEM, to, 0, offset, number));
                case Instruction.LoadMap(Register to, BpfMap map) -> {
                    words.add(word(LD_IMM64, to, PSEUDO_MAP_FD, 0, withMaps ? map.fd() : 0));
                    words.add(0L);
                }
                case Instruction.Jump(Condition condition, Register left, int number, Label to) ->
                    words.add(word(condition.code, left, 0, distance(name, places, at, to), number));
                case Instruction.JumpAbove(Register left, Register right, Label to) ->
                    words.add(word(JGT_X, left, right.ordinal(), distance(name, places, at, to), 0));
                case Instruction.Call(Function function) -> words.add(word(CALL, Register.R0, 0, 0, function.number));
                case Instruction.Exit() -> words.add(word(EXIT, Register.R0, 0, 0, 0));
                case Instruction.Place _ -> {
                    // Only a position.
                }
            }
        }
        return words.stream().mapToLong(Long::longValue).toArray();
    }

    private static int distance(String name, Map<Label, Integer> places, int from, Label to) {
        Integer place = places.get(to);
        if (place == null || place <= from || place - from - 1 > Short.MAX_VALUE) {
            throw new IllegalArgumentException(name + ": instruction " + from + " jumps to " + to.name() + ", which "
                    + (place == null ? "is nowhere" : "is at instruction " + place));
        }
        return place - from - 1;
    }

    private static long word(int code, Register destination, int source, int offset, int number) {
        return code
                | (long) destination.ordinal() << DESTINATION
                | (long) source << SOURCE
                | (offset & 0xffffL) << OFFSET
                | (long) number << NUMBER;
    }
}
