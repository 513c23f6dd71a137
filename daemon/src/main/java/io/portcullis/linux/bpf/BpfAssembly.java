package io.portcullis.linux.bpf;

import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Instruction;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Operation;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.linux.bpf.BpfProgram.Test;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@link BpfProgram} under construction: each method adds an instruction, in their order. Those without a width in their names work
 * on 64 bits; those with 32 clear the upper half of the register that they change. For one thread.
 */
public final class BpfAssembly {
    private final List<Instruction> instructions = new ArrayList<>();
    private int labels;

    /** An empty one. */
    public BpfAssembly() {}

    /** A new label, unlike all others; {@link #place} says where it is. */
    public Label label(String name) {
        return new Label(name + "_" + ++labels);
    }

    /** The position of a label is here. */
    public BpfAssembly place(Label label) {
        return add(new Instruction.Place(label));
    }

    /** to = number, sign-extended. */
    public BpfAssembly set(Register to, int number) {
        return add(new Instruction.Set(to, number));
    }

    /** to = number. */
    public BpfAssembly setLong(Register to, long number) {
        return add(new Instruction.SetLong(to, number));
    }

    /** to = from. */
    public BpfAssembly copy(Register to, Register from) {
        return add(new Instruction.Copy(to, from));
    }

    /** to = the lower 32 bits of from. */
    public BpfAssembly copy32(Register to, Register from) {
        return alu32(Operation.COPY, to, from);
    }

    /** to = to, number, combined; the number is sign-extended. */
    public BpfAssembly alu(Operation operation, Register to, int number) {
        return add(new Instruction.Alu(operation, true, to, number));
    }

    /** to = to, from, combined. */
    public BpfAssembly alu(Operation operation, Register to, Register from) {
        return add(new Instruction.AluOf(operation, true, to, from));
    }

    /** to = to, number, combined. */
    public BpfAssembly alu32(Operation operation, Register to, int number) {
        return add(new Instruction.Alu(operation, false, to, number));
    }

    /** to = to, from, combined. */
    public BpfAssembly alu32(Operation operation, Register to, Register from) {
        return add(new Instruction.AluOf(operation, false, to, from));
    }

    /** to = -to. */
    public BpfAssembly negate32(Register to) {
        return add(new Instruction.Negate(false, to));
    }

    /** to = memory at from + offset. */
    public BpfAssembly load(Size size, Register to, Register from, int offset) {
        return add(new Instruction.Load(size, to, from, offset));
    }

    /** to = a number in network byte order at from + offset. */
    public BpfAssembly loadNetwork(Size size, Register to, Register from, int offset) {
        load(size, to, from, offset);
        return switch (size) {
            case BYTE -> this;
            case HALF -> swap(to, 16);
            case WORD -> swap(to, 32);
            case DOUBLE_WORD -> swap(to, 64);
        };
    }

    /** Changes the lower 16, 32 or all 64 bits between network byte order and the machine's; clears the others. */
    public BpfAssembly swap(Register to, int bits) {
        return add(new Instruction.Swap(to, bits));
    }

    /** Memory at base + offset = from. */
    public BpfAssembly store(Size size, Register base, int offset, Register from) {
        return add(new Instruction.Store(size, base, offset, from));
    }

    /** to = address of a byte in an array's value. */
    public BpfAssembly address(Register to, BpfArray array, int offset) {
        return add(new Instruction.Address(to, array, offset));
    }

    /** Memory at base + offset += number, atomically. */
    public BpfAssembly atomicAdd(Size size, Register base, int offset, Register number) {
        return add(new Instruction.AtomicAdd(size, base, offset, number, false));
    }

    /** As {@link #atomicAdd}, then number = what was there before. A full memory barrier. */
    public BpfAssembly fetchAdd(Size size, Register base, int offset, Register number) {
        return add(new Instruction.AtomicAdd(size, base, offset, number, true));
    }

    /** If memory at base + offset is R0, it becomes next, atomically. R0 = what was there before. */
    public BpfAssembly compareExchange(Size size, Register base, int offset, Register next) {
        return add(new Instruction.CompareExchange(size, base, offset, next));
    }

    /** Goes on at the label where the test holds; the number is sign-extended. */
    public BpfAssembly jump(Test test, Register left, int number, Label to) {
        return add(new Instruction.Branch(test, true, left, number, to));
    }

    /** Goes on at the label where the test holds. */
    public BpfAssembly jump(Test test, Register left, Register right, Label to) {
        return add(new Instruction.BranchOn(test, true, left, right, to));
    }

    /** Goes on at the label where the test holds of the lower 32 bits. */
    public BpfAssembly jump32(Test test, Register left, int number, Label to) {
        return add(new Instruction.Branch(test, false, left, number, to));
    }

    /** Goes on at the label where the test holds of the lower 32 bits. */
    public BpfAssembly jump32(Test test, Register left, Register right, Label to) {
        return add(new Instruction.BranchOn(test, false, left, right, to));
    }

    /** Goes on at the label. */
    public BpfAssembly go(Label to) {
        return add(new Instruction.Go(to));
    }

    /** Calls the kernel: R0 is the result, and R1 to R5 are lost. */
    public BpfAssembly call(Function function) {
        return add(new Instruction.Call(function));
    }

    /** Ends the program, which returns this. */
    public BpfAssembly exit(int result) {
        return set(Register.R0, result).exit();
    }

    /** Ends the program, which returns R0. */
    public BpfAssembly exit() {
        return add(new Instruction.Exit());
    }

    private BpfAssembly add(Instruction instruction) {
        instructions.add(instruction);
        return this;
    }

    /** The program; throws as {@link BpfProgram#BpfProgram}. */
    public BpfProgram build(String name) {
        return new BpfProgram(name, instructions);
    }
}
