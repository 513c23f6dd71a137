package io.portcullis.linux.bpf;

import io.portcullis.linux.bpf.BpfProgram.Instruction;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Encodes the instructions of one program (Documentation/bpf/standardization/instruction-set.rst). */
final class BpfEncoder {
    private static final int ALU = 0x04;
    private static final int ALU64 = 0x07;
    private static final int ADD = 0x00;
    private static final int OR = 0x40;
    private static final int AND = 0x50;
    private static final int MOV = 0xb0;
    private static final int NEG = 0x80;
    private static final int TO_NETWORK = 0xdc;
    private static final int FROM_REGISTER = 0x08;
    private static final int LDX_MEM = 0x61;
    private static final int ST_MEM = 0x62;
    private static final int STX_MEM = 0x63;
    private static final int STX_ATOMIC = 0xc3;
    private static final int ATOMIC_ADD = 0x00;
    private static final int ATOMIC_FETCH = 0x01;
    private static final int ATOMIC_CMPXCHG = 0xf1;
    private static final int LD_IMM64 = 0x18;
    private static final int PSEUDO_MAP_FD = 1;
    private static final int PSEUDO_MAP_VALUE = 2;
    private static final int JUMP = 0x05;
    private static final int JUMP32 = 0x06;
    private static final int JGT_X = 0x2d;
    private static final int CALL = 0x85;
    private static final int EXIT = 0x95;

    private static final int DESTINATION = 8;
    private static final int SOURCE = 12;
    private static final int OFFSET = 16;
    private static final int NUMBER = 32;

    private final String name;
    private final boolean withMaps;
    private final Map<Label, Integer> places = new HashMap<>();
    private final List<Long> words = new ArrayList<>();

    /** Of the program of this name; {@code withMaps}: with the descriptors of its maps, else with 0. */
    BpfEncoder(String name, boolean withMaps) {
        this.name = name;
        this.withMaps = withMaps;
    }

    /** Each struct bpf_insn as one little-endian word. Once. */
    long[] encode(List<Instruction> instructions) {
        int length = 0;
        for (Instruction instruction : instructions) {
            switch (instruction) {
                case Instruction.Place(Label label) -> {
                    if (places.put(label, length) != null) {
                        throw new IllegalArgumentException(name + ": label " + label.name() + " is there twice");
                    }
                }
                case Instruction.LoadMap _, Instruction.SetLong _, Instruction.Address _ -> length += 2;
                default -> length++;
            }
        }
        for (Instruction instruction : instructions) {
            encode(instruction);
        }
        return words.stream().mapToLong(Long::longValue).toArray();
    }

    private void encode(Instruction instruction) {
        switch (instruction) {
            case Instruction.Set(Register to, int number) -> add(ALU64 | MOV, to, 0, 0, number);
            case Instruction.Copy(Register to, Register from) ->
                add(ALU64 | MOV | FROM_REGISTER, to, from.ordinal(), 0, 0);
            case Instruction.Add(Register to, int number) -> add(ALU64 | ADD, to, 0, 0, number);
            case Instruction.And(Register to, int mask) -> add(ALU | AND, to, 0, 0, mask);
            case Instruction.Or(Register to, int bits) -> add(ALU | OR, to, 0, 0, bits);
            case Instruction.Load(Size size, Register to, Register from, int offset) ->
                add(LDX_MEM | size.bits, to, from.ordinal(), offset, 0);
            case Instruction.Store(Size size, Register to, int offset, Register from) ->
                add(STX_MEM | size.bits, to, from.ordinal(), offset, 0);
            case Instruction.StoreNumber(Register to, int offset, int number) -> add(ST_MEM, to, 0, offset, number);
            case Instruction.LoadMap(Register to, BpfMap map) -> addLong(to, PSEUDO_MAP_FD, withMaps ? map.fd() : 0, 0);
            case Instruction.SetLong(Register to, long number) -> addLong(to, 0, (int) number, (int) (number >>> 32));
            case Instruction.Address(Register to, BpfArray array, int offset) ->
                addLong(to, PSEUDO_MAP_VALUE, withMaps ? array.fd() : 0, offset);
            case Instruction.Alu alu ->
                add((alu.wide() ? ALU64 : ALU) | alu.operation().code, alu.to(), 0, 0, alu.number());
            case Instruction.AluOf alu ->
                add(
                        (alu.wide() ? ALU64 : ALU) | alu.operation().code | FROM_REGISTER,
                        alu.to(),
                        alu.from().ordinal(),
                        0,
                        0);
            case Instruction.Negate(boolean wide, Register to) -> add((wide ? ALU64 : ALU) | NEG, to, 0, 0, 0);
            case Instruction.Swap(Register to, int bits) -> add(TO_NETWORK, to, 0, 0, bits);
            case Instruction.AtomicAdd add ->
                atomic(
                        add.size(),
                        add.base(),
                        add.offset(),
                        add.number(),
                        ATOMIC_ADD | (add.fetches() ? ATOMIC_FETCH : 0));
            case Instruction.CompareExchange(Size size, Register base, int offset, Register next) ->
                atomic(size, base, offset, next, ATOMIC_CMPXCHG);
            case Instruction.Jump jump -> add(jump.condition().code, jump.left(), 0, forward(jump.to()), jump.number());
            case Instruction.JumpAbove(Register left, Register right, Label to) ->
                add(JGT_X, left, right.ordinal(), forward(to), 0);
            case Instruction.Branch branch ->
                add(
                        (branch.wide() ? JUMP : JUMP32) | branch.test().code,
                        branch.left(),
                        0,
                        distance(branch.to()),
                        branch.number());
            case Instruction.BranchOn branch ->
                add(
                        (branch.wide() ? JUMP : JUMP32) | branch.test().code | FROM_REGISTER,
                        branch.left(),
                        branch.right().ordinal(),
                        distance(branch.to()),
                        0);
            case Instruction.Go(Label to) -> add(JUMP, Register.R0, 0, distance(to), 0);
            case Instruction.Call(BpfProgram.Function function) -> add(CALL, Register.R0, 0, 0, function.number);
            case Instruction.Exit() -> add(EXIT, Register.R0, 0, 0, 0);
            case Instruction.Place _ -> {
                // Only a position.
            }
        }
    }

    private void atomic(Size size, Register base, int offset, Register number, int operation) {
        if (size != Size.WORD && size != Size.DOUBLE_WORD) {
            throw new IllegalArgumentException(name + ": instruction " + words.size() + " is atomic, of size " + size);
        }
        add(STX_ATOMIC | size.bits, base, number.ordinal(), offset, operation);
    }

    private int forward(Label to) {
        int distance = distance(to);
        if (distance < 0) {
            throw astray(to);
        }
        return distance;
    }

    private int distance(Label to) {
        Integer place = places.get(to);
        int distance = place == null ? Integer.MAX_VALUE : place - words.size() - 1;
        if (distance != (short) distance) {
            throw astray(to);
        }
        return distance;
    }

    private IllegalArgumentException astray(Label to) {
        Integer place = places.get(to);
        return new IllegalArgumentException(name + ": instruction " + words.size() + " jumps to " + to.name()
                + ", which " + (place == null ? "is nowhere" : "is at instruction " + place));
    }

    private void addLong(Register to, int source, int low, int high) {
        add(LD_IMM64, to, source, 0, low);
        words.add((long) high << NUMBER);
    }

    private void add(int code, Register destination, int source, int offset, int number) {
        words.add(code
                | (long) destination.ordinal() << DESTINATION
                | (long) source << SOURCE
                | (offset & 0xffffL) << OFFSET
                | (long) number << NUMBER);
    }
}
