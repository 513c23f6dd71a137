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
 * The programs that keep frames from where they must not be decided without us. Those that ask whether a frame is ours look at
 * the masked bits of its mark; those that change the mark change these bits only.
 */
final class Programs {
    private static final Label OURS = new Label("ours");
    private static final Label EXPIRED = new Label("expired");

    private final PacketMark mark;

    Programs(PacketMark mark) {
        this.mark = mark;
    }

    /** Where a deadline has passed: on to the next program. */
    static final List<Instruction> PASS = List.of(new Set(R0, NEXT), new Exit());

    /** Nothing passes. */
    static BpfProgram drop() {
        return BpfProgram.of("portcullis_drop", new Set(R0, DROP), new Exit());
    }

    /** What is ours loses its mark and goes on to the stack; nothing else does. */
    BpfProgram admitOurs(@Nullable BpfMap deadline) {
        return ours("portcullis_in", deadline, List.of(new Set(R0, DROP), new Exit()), true);
    }

    /** As {@link #admitOurs}, and all else goes to another NIC. */
    BpfProgram admitOursAndDivert(@Nullable BpfMap deadline, int to) {
        return ours("portcullis_in", deadline, redirect(to, 0), true);
    }

    /** What is ours leaves; all else goes to another NIC. */
    BpfProgram divert(@Nullable BpfMap deadline, int to) {
        return ours("portcullis_out", deadline, redirect(to, 0), false);
    }

    /** What is ours leaves; nothing else does. */
    BpfProgram emitOurs() {
        return ours("portcullis_out", null, List.of(new Set(R0, DROP), new Exit()), false);
    }

    /** Nothing passes; past the deadline everything goes to the other NIC of a bridge, as ours. */
    BpfProgram dropUntil(BpfMap deadline, int other) {
        List<Instruction> all = new ArrayList<>(jumpPast(deadline));
        all.add(new Set(R0, DROP));
        all.add(new Exit());
        all.add(new Place(EXPIRED));
        all.addAll(markAndRedirect(R6, other, 0));
        return new BpfProgram("portcullis_in", all);
    }

    /** Everything becomes ours and leaves by another NIC. */
    BpfProgram forward(int to) {
        return new BpfProgram("portcullis_fwd", markAndRedirect(R1, to, 0));
    }

    /** Everything becomes ours and arrives on another NIC. */
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

    /** To EXPIRED where CLOCK_MONOTONIC is past the map's number. Keeps the frame in R6 and R1. */
    private static List<Instruction> jumpPast(BpfMap deadline) {
        Label found = new Label("found");
        return List.of(
                new Copy(R6, R1),
                new StoreNumber(R10, -4, 0),
                new LoadMap(R1, deadline),
                new Copy(R2, R10),
                new Add(R2, -4),
                new Call(Function.MAP_LOOKUP_ELEMENT),
                // An array has its entry; the verifier wants to see it asked.
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
