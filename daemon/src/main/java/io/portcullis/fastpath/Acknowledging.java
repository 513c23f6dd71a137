package io.portcullis.fastpath;

import static io.portcullis.fastpath.FastCode.TCP;
import static io.portcullis.linux.bpf.BpfProgram.Operation.ADD;
import static io.portcullis.linux.bpf.BpfProgram.Operation.AND;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_LEFT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SHIFT_RIGHT;
import static io.portcullis.linux.bpf.BpfProgram.Operation.SUBTRACT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R4;
import static io.portcullis.linux.bpf.BpfProgram.Register.R5;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.Register.R8;
import static io.portcullis.linux.bpf.BpfProgram.Size.BYTE;
import static io.portcullis.linux.bpf.BpfProgram.Size.WORD;
import static io.portcullis.linux.bpf.BpfProgram.Test.ABOVE;
import static io.portcullis.linux.bpf.BpfProgram.Test.ANY_SET;
import static io.portcullis.linux.bpf.BpfProgram.Test.BELOW;
import static io.portcullis.linux.bpf.BpfProgram.Test.EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.GREATER;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_EQUAL;
import static io.portcullis.linux.bpf.BpfProgram.Test.NOT_GREATER;

import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.TcpSide;
import io.portcullis.linux.bpf.BpfAssembly;
import io.portcullis.linux.bpf.BpfProgram.Label;

/**
 * Reads the options of the TCP segment at R7: none, a timestamp, selective acknowledgments, or both, aligned by NOPs as stacks send
 * them (RFC 7323, appendix A; RFC 2018); others go up. Afterwards R3 is the highest acknowledgment, as {@link
 * io.portcullis.packet.TcpOptions#highestAcknowledged} finds it.
 */
final class Acknowledging {
    private static final int HEADER_LENGTH = 12;
    private static final int ACKNOWLEDGMENT = 8;
    private static final int WORDS = 5;

    /** Two times NOP, kind 8, length 10. */
    private static final int TIMESTAMP = 0x0101_080a;

    private static final int TIMESTAMP_WORDS = 3;

    /** Two times NOP, kind 5, length of one block; each further block adds eight. */
    private static final int ONE_BLOCK = 0x0101_050a;

    /** Words of a header with one block. */
    private static final int ONE_BLOCK_WORDS = WORDS + 3;

    private static final int BLOCK_WORDS = 2;
    private static final int MOST_BLOCKS = 4;
    private static final int FIRST_RIGHT_EDGE = 8;

    private static final int SACKS = TcpSide.SACK_PERMITTED << FlowLayout.ORIGINATOR_SHIFT
            | TcpSide.SACK_PERMITTED << FlowLayout.RESPONDER_SHIFT;

    private final FastCode code;
    private final BpfAssembly assembly;
    private final Label up;

    Acknowledging(FastCode code) {
        this.code = code;
        assembly = code.assembly;
        up = code.up;
    }

    void emit() {
        Label selective = assembly.label("selective");
        Label read = assembly.label("read");
        assembly.loadNetwork(WORD, R3, R7, ACKNOWLEDGMENT)
                .load(BYTE, R1, R7, HEADER_LENGTH)
                .alu(SHIFT_RIGHT, R1, 4)
                .jump(EQUAL, R1, WORDS, read)
                .jump(BELOW, R1, WORDS + TIMESTAMP_WORDS, up);
        code.need(TCP + 4 * TIMESTAMP_WORDS, R4, R2, up);
        assembly.copy(R2, R7)
                .alu(ADD, R2, TCP)
                .loadNetwork(WORD, R5, R2, 0)
                .jump32(NOT_EQUAL, R5, TIMESTAMP, selective)
                .jump(EQUAL, R1, WORDS + TIMESTAMP_WORDS, read)
                .alu(ADD, R2, 4 * TIMESTAMP_WORDS)
                .alu(SUBTRACT, R1, TIMESTAMP_WORDS)
                .place(selective);
        blocks(read);
        assembly.place(read);
    }

    /** R1: words of a header without timestamp, R2: where the blocks are, R4: end of the bytes. */
    private void blocks(Label read) {
        Label highest = assembly.label("highest");
        needs(0);
        assembly.jump(BELOW, R1, ONE_BLOCK_WORDS, up)
                .jump(ANY_SET, R1, 1, up)
                .loadNetwork(WORD, R5, R2, 0)
                .copy(R0, R1)
                .alu(SHIFT_LEFT, R0, 2)
                .alu32(SUBTRACT, R5, R0)
                .jump32(NOT_EQUAL, R5, ONE_BLOCK - 4 * ONE_BLOCK_WORDS, up)
                .load(WORD, R0, R8, FastLayout.FLAGS)
                .alu32(AND, R0, SACKS)
                .jump32(NOT_EQUAL, R0, SACKS, up)
                .loadNetwork(WORD, R5, R2, FIRST_RIGHT_EDGE);
        for (int block = 1; block < MOST_BLOCKS; block++) {
            Label higher = assembly.label("higher");
            Label next = assembly.label("next");
            assembly.jump(EQUAL, R1, ONE_BLOCK_WORDS + BLOCK_WORDS * (block - 1), highest);
            needs(block);
            // R5 becomes the difference, and then what it was if that is not positive.
            assembly.loadNetwork(WORD, R0, R2, FIRST_RIGHT_EDGE + 8 * block)
                    .negate32(R5)
                    .alu32(ADD, R5, R0)
                    .jump32(GREATER, R5, 0, higher)
                    .negate32(R5)
                    .alu32(ADD, R5, R0)
                    .go(next)
                    .place(higher)
                    .copy(R5, R0)
                    .place(next);
        }
        assembly.place(highest)
                .copy32(R0, R5)
                .alu32(SUBTRACT, R0, R3)
                .jump32(NOT_GREATER, R0, 0, read)
                .copy(R3, R5);
    }

    private void needs(int block) {
        assembly.copy(R0, R2).alu(ADD, R0, FIRST_RIGHT_EDGE + 4 + 8 * block).jump(ABOVE, R0, R4, up);
    }
}
