package io.portcullis.intercept;

import static io.portcullis.linux.bpf.BpfProgram.DROP;
import static io.portcullis.linux.bpf.BpfProgram.NEXT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R10;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.SKB_MARK;

import io.portcullis.config.PacketMark;
import io.portcullis.linux.bpf.BpfMap;
import io.portcullis.linux.bpf.BpfProgram;
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
import io.portcullis.linux.bpf.BpfProgram.Instruction.LoadMap;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Or;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Place;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Store;
import io.portcullis.linux.bpf.BpfProgram.Instruction.StoreNumber;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Size;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The programs that drop frames, or redirect them to a port. A frame is ours if the masked bits of its mark have our value; programs
 * that change the mark change these bits only.
 */
final class Programs {
    private static final Label OURS = new Label("ours");
    private static final Label EXPIRED = new Label("expired");

    private final PacketMark mark;

    /** True: a {@link Gate} behind the programs needs the mark of our frames, and {@link #clear} runs after the gate. */
    private final boolean gated;

    Programs(PacketMark mark) {
        this(mark, false);
    }

    Programs(PacketMark mark, boolean gated) {
        this.mark = mark;
        this.gated = gated;
    }

    /** The next program runs: for our frames, and for all when a deadline has passed. */
    static final List<Instruction> PASS = List.of(new Set(R0, NEXT), new Exit());

    /** Drops every frame. */
    static BpfProgram drop() {
        return BpfProgram.of("portcullis_drop", new Set(R0, DROP), new Exit());
    }

    /** Clears the mark of our frames and passes them to the stack; drops all others. */
    BpfProgram admitOurs(@Nullable BpfMap deadline) {
        return ours("portcullis_in", deadline, List.of(new Set(R0, DROP), new Exit()), !gated);
    }

    /** Clears the mark of our frames and passes them to the stack; redirects all others to another NIC. */
    BpfProgram admitOursAndDivert(@Nullable BpfMap deadline, int to) {
        return ours("portcullis_in", deadline, redirect(to, 0), !gated);
    }

    /** Clears the mark of our frames; passes every frame. */
    BpfProgram clear() {
        return ours("portcullis_clr", null, PASS, true);
    }

    /** Lets our frames leave; redirects all others to another NIC. */
    BpfProgram divert(@Nullable BpfMap deadline, int to) {
        return ours("portcullis_out", deadline, redirect(to, 0), false);
    }

    /** Lets our frames leave; drops all others. */
    BpfProgram emitOurs() {
        return ours("portcullis_out", null, List.of(new Set(R0, DROP), new Exit()), false);
    }

    /** Drops every frame; past the deadline it marks every frame and redirects it to the other NIC of a bridge. */
    BpfProgram dropUntil(BpfMap deadline, int other) {
        List<Instruction> all = new ArrayList<>(jumpPast(deadline));
        all.add(new Set(R0, DROP));
        all.add(new Exit());
        all.add(new Place(EXPIRED));
        all.addAll(markAndRedirect(R6, other, 0));
        return new BpfProgram("portcullis_in", all);
    }

    /** Marks every frame; it leaves by another NIC. */
    BpfProgram forward(int to) {
        return new BpfProgram("portcullis_fwd", markAndRedirect(R1, to, 0));
    }

    /** Marks every frame; it arrives on another NIC. */
    BpfProgram deliver(int to) {
        return new BpfProgram("portcullis_up", markAndRedirect(R1, to, Function.INGRESS));
    }

    private BpfProgram ours(String name, @Nullable BpfMap deadline, List<Instruction> others, boolean clear) {
        List<Instruction> all = new ArrayList<>();
        all.add(new Load(Size.WORD, R7, R1, SKB_MARK));
        all.add(new Copy(R2, R7));
        all.add(new And(R2, mark.mask()));
        all.add(new Jump(Condition.IS, R2, mark.value() & mark.mask(), OURS));
        if (deadline != null) {
            all.addAll(jumpPast(deadline));
        }
        all.addAll(others);
        if (deadline != null) {
            all.add(new Place(EXPIRED));
            all.addAll(PASS);
        }
        all.add(new Place(OURS));
        if (clear) {
            all.add(new And(R7, ~mark.mask()));
            all.add(new Store(Size.WORD, R1, SKB_MARK, R7));
        }
        all.addAll(PASS);
        return new BpfProgram(name, all);
    }

    /** Jumps to EXPIRED where CLOCK_MONOTONIC is past the map's number. Keeps the frame in R6 and R1. */
    private static List<Instruction> jumpPast(BpfMap deadline) {
        Label found = new Label("found");
        return List.of(
                new Copy(R6, R1),
                new StoreNumber(R10, -4, 0),
                new LoadMap(R1, deadline),
                new Copy(R2, R10),
                new Add(R2, -4),
                new Call(Function.MAP_LOOKUP_ELEMENT),
                // An array always has its entry, but the verifier demands the test.
                new Jump(Condition.DIFFERS, R0, 0, found),
                new Set(R0, DROP),
                new Exit(),
                new Place(found),
                new Load(Size.DOUBLE_WORD, R7, R0, 0),
                new Call(Function.KTIME_GET_NS),
                new JumpAbove(R0, R7, EXPIRED),
                new Copy(R1, R6));
    }

    private static List<Instruction> redirect(int to, int flags) {
        return List.of(new Set(R1, to), new Set(R2, flags), new Call(Function.REDIRECT), new Exit());
    }

    private List<Instruction> markAndRedirect(BpfProgram.Register frame, int to, int flags) {
        List<Instruction> all = new ArrayList<>();
        all.add(new Load(Size.WORD, R3, frame, SKB_MARK));
        all.add(new And(R3, ~mark.mask()));
        all.add(new Or(R3, mark.value() & mark.mask()));
        all.add(new Store(Size.WORD, frame, SKB_MARK, R3));
        all.addAll(redirect(to, flags));
        return all;
    }
}
