package io.portcullis.linux.bpf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.linux.bpf.BpfProgram.Condition;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Instruction;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Add;
import io.portcullis.linux.bpf.BpfProgram.Instruction.And;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Call;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Copy;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Jump;
import io.portcullis.linux.bpf.BpfProgram.Instruction.JumpAbove;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Load;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Or;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Place;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Store;
import io.portcullis.linux.bpf.BpfProgram.Instruction.StoreNumber;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Operation;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The encoding of instructions, against the kernel's instruction set document; and the programs that are refused before loading. */
final class BpfProgramTest {
    private static final Label END = new Label("end");

    private static long word(int code, int registers, int offset, int number) {
        return code | (long) registers << 8 | (offset & 0xffffL) << 16 | (long) number << 32;
    }

    @Test
    void everyInstructionHasItsWord() {
        BpfProgram program = BpfProgram.of(
                "all",
                new Set(Register.R0, -1),
                new Copy(Register.R6, Register.R1),
                new Add(Register.R2, -4),
                new And(Register.R2, 0xffff),
                new Or(Register.R2, 0x5043),
                new Load(Size.WORD, Register.R2, Register.R6, 8),
                new Load(Size.DOUBLE_WORD, Register.R3, Register.R10, -8),
                new Store(Size.WORD, Register.R6, 8, Register.R2),
                new StoreNumber(Register.R10, -4, 7),
                new Jump(Condition.IS, Register.R2, 5, END),
                new Jump(Condition.IS_NOT, Register.R2, 5, END),
                new JumpAbove(Register.R0, Register.R6, END),
                new Call(Function.REDIRECT),
                new Place(END),
                new Exit());
        assertArrayEquals(
                new long[] {
                    word(0xb7, 0x00, 0, -1),
                    word(0xbf, 0x16, 0, 0),
                    word(0x07, 0x02, 0, -4),
                    word(0x54, 0x02, 0, 0xffff),
                    word(0x44, 0x02, 0, 0x5043),
                    word(0x61, 0x62, 8, 0),
                    word(0x79, 0xa3, -8, 0),
                    word(0x63, 0x26, 8, 0),
                    word(0x62, 0x0a, -4, 7),
                    word(0x16, 0x02, 3, 5),
                    word(0x56, 0x02, 2, 5),
                    word(0x2d, 0x60, 1, 0),
                    word(0x85, 0x00, 0, 23),
                    word(0x95, 0x00, 0, 0)
                },
                program.encoded());
    }

    @Test
    void everyInstructionOfAnAssemblyHasItsWord() {
        BpfAssembly assembly = new BpfAssembly();
        BpfProgram.Label start = assembly.label("start");
        BpfProgram.Label end = assembly.label("end");
        assembly.place(start)
                .set(Register.R0, -1)
                .setLong(Register.R1, 0x0123_4567_89ab_cdefL)
                .copy(Register.R2, Register.R1)
                .copy32(Register.R2, Register.R1)
                .alu(Operation.SUBTRACT, Register.R2, 5)
                .alu(Operation.MULTIPLY, Register.R2, Register.R3)
                .alu32(Operation.SHIFT_RIGHT, Register.R2, 7)
                .alu32(Operation.XOR, Register.R2, Register.R3)
                .alu(Operation.DIVIDE, Register.R2, Register.R3)
                .negate32(Register.R4)
                .load(Size.BYTE, Register.R5, Register.R6, -1)
                .loadNetwork(Size.HALF, Register.R5, Register.R6, 2)
                .loadNetwork(Size.DOUBLE_WORD, Register.R5, Register.R6, 8)
                .store(Size.HALF, Register.R6, 2, Register.R5)
                .atomicAdd(Size.DOUBLE_WORD, Register.R8, 16, Register.R1)
                .fetchAdd(Size.WORD, Register.R8, 4, Register.R1)
                .compareExchange(Size.WORD, Register.R8, 4, Register.R1)
                .jump(BpfProgram.Test.ANY_SET, Register.R1, 3, start)
                .jump(BpfProgram.Test.BELOW, Register.R1, Register.R2, end)
                .jump32(BpfProgram.Test.GREATER, Register.R1, 3, end)
                .jump32(BpfProgram.Test.NOT_GREATER, Register.R1, Register.R2, end)
                .go(end)
                .call(Function.KTIME_GET_COARSE_NS)
                .place(end)
                .exit(2);
        assertArrayEquals(
                new long[] {
                    word(0xb7, 0x00, 0, -1),
                    word(0x18, 0x01, 0, 0x89ab_cdef),
                    0x0123_4567L << 32,
                    word(0xbf, 0x12, 0, 0),
                    word(0xbc, 0x12, 0, 0),
                    word(0x17, 0x02, 0, 5),
                    word(0x2f, 0x32, 0, 0),
                    word(0x74, 0x02, 0, 7),
                    word(0xac, 0x32, 0, 0),
                    word(0x3f, 0x32, 0, 0),
                    word(0x84, 0x04, 0, 0),
                    word(0x71, 0x65, -1, 0),
                    word(0x69, 0x65, 2, 0),
                    word(0xdc, 0x05, 0, 16),
                    word(0x79, 0x65, 8, 0),
                    word(0xdc, 0x05, 0, 64),
                    word(0x6b, 0x56, 2, 0),
                    word(0xdb, 0x18, 16, 0),
                    word(0xc3, 0x18, 4, 1),
                    word(0xc3, 0x18, 4, 0xf1),
                    word(0x45, 0x01, -21, 3),
                    word(0xad, 0x21, 4, 0),
                    word(0x66, 0x01, 3, 3),
                    word(0xde, 0x21, 2, 0),
                    word(0x05, 0x00, 1, 0),
                    word(0x85, 0x00, 0, 160),
                    word(0xb7, 0x00, 0, 2),
                    word(0x95, 0x00, 0, 0)
                },
                assembly.build("assembly").encoded());
    }

    @Test
    void atomicInstructionsWorkOnWholeWords() {
        BpfAssembly assembly = new BpfAssembly();
        assembly.atomicAdd(Size.HALF, Register.R8, 0, Register.R1).exit(0);
        assertEquals(
                "odd: instruction 0 is atomic, of size HALF",
                assertThrows(IllegalArgumentException.class, () -> assembly.build("odd"))
                        .getMessage());
    }

    private static String refused(Instruction... instructions) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> BpfProgram.of("odd", instructions))
                .getMessage());
    }

    @Test
    void jumpsGoForwardToExistingLabels() {
        assertEquals(
                "odd: instruction 1 jumps to end, which is at instruction 1",
                refused(
                        new Set(Register.R0, 0),
                        new Place(END),
                        new Jump(Condition.IS, Register.R0, 0, END),
                        new Exit()));
        assertEquals(
                "odd: instruction 0 jumps to end, which is nowhere",
                refused(new Jump(Condition.IS, Register.R0, 0, END), new Exit()));
        assertEquals(
                "odd: label end is there twice",
                refused(new Place(END), new Place(END), new Set(Register.R0, 0), new Exit()));
        assertEquals("odd: the last instruction does not end it", refused(new Set(Register.R0, 0)));
        assertThrows(IllegalArgumentException.class, () -> new BpfProgram("odd", List.of()));
        assertThrows(IllegalArgumentException.class, () -> BpfProgram.of("a name", new Exit()));
    }

    @Test
    void theFingerprintDependsOnTheInstructions() {
        BpfProgram one = BpfProgram.of("one", new Set(Register.R0, 1), new Exit());
        assertEquals(
                one.fingerprint(),
                BpfProgram.of("one", new Set(Register.R0, 1), new Exit()).fingerprint());
        assertNotEquals(
                one.fingerprint(),
                BpfProgram.of("one", new Set(Register.R0, 2), new Exit()).fingerprint());
        assertEquals(16, one.fingerprint().length());
    }
}
