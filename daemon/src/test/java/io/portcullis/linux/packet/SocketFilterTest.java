package io.portcullis.linux.packet;

import static io.portcullis.linux.packet.SocketFilter.Assembly.NEXT;
import static io.portcullis.linux.packet.SocketFilter.BPF_A;
import static io.portcullis.linux.packet.SocketFilter.BPF_ABS;
import static io.portcullis.linux.packet.SocketFilter.BPF_B;
import static io.portcullis.linux.packet.SocketFilter.BPF_JEQ;
import static io.portcullis.linux.packet.SocketFilter.BPF_LD;
import static io.portcullis.linux.packet.SocketFilter.BPF_MAXINSNS;
import static io.portcullis.linux.packet.SocketFilter.BPF_RET;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.linux.packet.SocketFilter.Assembly;
import io.portcullis.linux.packet.SocketFilter.Label;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

final class SocketFilterTest {
    private static Assembly filler(Assembly program, int instructions) {
        for (int i = 0; i < instructions; i++) {
            program.add(BPF_LD | BPF_B | BPF_ABS, i);
        }
        return program;
    }

    private static String refused(Assembly program) {
        return String.valueOf(
                assertThrows(IllegalStateException.class, program::done).getMessage());
    }

    @Test
    void theKernelGetsItsStructs() {
        Assembly code = new Assembly();
        Label other = code.label();
        SocketFilter program = code.add(BPF_LD | BPF_B | BPF_ABS, -0x1000 + 4)
                .jump(BPF_JEQ, 0x01020304, NEXT, other)
                .add(BPF_RET, -1)
                .mark(other)
                .add(BPF_RET | BPF_A)
                .done();
        assertEquals(4, program.length());
        try (Arena arena = Arena.ofConfined()) {
            // struct sock_fprog, and four struct sock_filter: u16 code, u8 jt, u8 jf, u32 k
            MemorySegment struct = program.program(arena);
            assertEquals(4, struct.get(ValueLayout.JAVA_SHORT, 0));
            byte[] instructions = MemorySegment.ofArray(new long[4])
                    .copyFrom(reinterpreted(struct))
                    .toArray(ValueLayout.JAVA_BYTE);
            assertEquals(
                    "3000000004f0ffff" + "1500000104030201" + "06000000ffffffff" + "1600000000000000",
                    HexFormat.of().formatHex(instructions));
        }
    }

    @SuppressWarnings("restricted")
    private static MemorySegment reinterpreted(MemorySegment struct) {
        return struct.get(ValueLayout.ADDRESS, 8).reinterpret(4 * 8);
    }

    @Test
    void aJumpSkipsAtMost255() {
        for (int skipped : new int[] {255, 256}) {
            Assembly program = new Assembly();
            Label far = program.label();
            filler(program.jump(BPF_JEQ, 1, far, NEXT), skipped).mark(far).add(BPF_RET, 0);
            if (skipped == 255) {
                assertEquals(255, program.done().instruction(0) >>> 16 & 0xff);
            } else {
                assertEquals("instruction 0: skips 256 instructions; a jump skips at most 255", refused(program));
            }
        }
        Assembly program = new Assembly();
        Label far = program.label();
        filler(program.go(far), 3_000).mark(far).add(BPF_RET, 0);
        assertEquals(3_000, program.done().instruction(0) >>> 32);
    }

    @Test
    void programsThatTheKernelRefusesAreRefusedHere() {
        assertEquals("0 instructions; a program has 1 to 4096", refused(new Assembly()));
        assertEquals(
                BPF_MAXINSNS,
                filler(new Assembly(), BPF_MAXINSNS - 1).add(BPF_RET, 0).done().length());
        assertEquals(
                "4097 instructions; a program has 1 to 4096",
                refused(filler(new Assembly(), BPF_MAXINSNS).add(BPF_RET, 0)));
        assertEquals("the last instruction does not return", refused(filler(new Assembly(), 3)));

        Assembly nowhere = new Assembly();
        assertEquals(
                "instruction 0: jumps to a label without a target",
                refused(nowhere.jump(BPF_JEQ, 1, nowhere.label(), NEXT).add(BPF_RET, 0)));
        Assembly back = new Assembly();
        Label start = back.label();
        assertEquals(
                "instruction 1: jumps to instruction 0",
                refused(filler(back.mark(start), 1).go(start).add(BPF_RET, 0)));
        Assembly out = new Assembly();
        Label end = out.label();
        assertEquals(
                "instruction 0: jumps to instruction 2",
                refused(out.go(end).add(BPF_RET, 0).mark(end)));
    }

    @Test
    void aLabelStandsOnce() {
        Assembly program = new Assembly();
        Label label = program.label();
        filler(program.mark(label), 1);
        assertThrows(IllegalStateException.class, () -> program.mark(label));
        assertThrows(IllegalStateException.class, () -> program.mark(NEXT));
    }
}
