package io.portcullis.intercept.fast;

import static io.portcullis.linux.bpf.BpfProgram.DROP;
import static io.portcullis.linux.bpf.BpfProgram.NEXT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R7;
import static io.portcullis.linux.bpf.BpfProgram.SKB_MARK;

import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Condition;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Instruction;
import io.portcullis.linux.bpf.BpfProgram.Instruction.And;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Call;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Copy;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Jump;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Load;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Place;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Store;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.List;

/** Programs that forward nothing: they send every frame to the tap, and drop every frame when the daemon is dead. For tcx only. */
public final class EveryFrameUp implements FastPrograms {
    /** Offset in struct __sk_buff, u64: the time stamp. */
    private static final int SKB_TSTAMP = 152;

    private static final Label OURS = new Label("ours");

    @Override
    public BpfProgram live(FastPort port) {
        List<Instruction> up = List.of(
                new Set(R2, 0),
                new Store(Size.DOUBLE_WORD, R1, SKB_TSTAMP, R2),
                new Set(R1, port.tap()),
                new Set(R2, Function.INGRESS),
                new Call(Function.REDIRECT),
                new Exit());
        return program("portcullis_live", port, up);
    }

    @Override
    public BpfProgram dead(FastPort port) {
        return program("portcullis_dead", port, List.of(new Set(R0, DROP), new Exit()));
    }

    private static BpfProgram program(String name, FastPort port, List<Instruction> others) {
        List<Instruction> all = new ArrayList<>();
        if (port.host()) {
            all.add(new Load(Size.WORD, R7, R1, SKB_MARK));
            all.add(new Copy(R2, R7));
            all.add(new And(R2, port.mark().mask()));
            all.add(new Jump(Condition.IS, R2, port.mark().value() & port.mark().mask(), OURS));
        }
        all.addAll(others);
        if (port.host()) {
            all.add(new Place(OURS));
            if (!port.followed() && port.direction() == Direction.INGRESS) {
                all.add(new And(R7, ~port.mark().mask()));
                all.add(new Store(Size.WORD, R1, SKB_MARK, R7));
            }
            all.add(new Set(R0, NEXT));
            all.add(new Exit());
        }
        return new BpfProgram(name, all);
    }

    /** Does nothing: they have no deadline. */
    @Override
    public void aliveUntil(long monotonicNs) {
        // Programs on tcx end with the process.
    }

    @Override
    public boolean hasEarlierMemory() {
        return true;
    }
}
