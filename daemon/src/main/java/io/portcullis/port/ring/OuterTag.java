package io.portcullis.port.ring;

import static io.portcullis.linux.bpf.BpfProgram.Condition.IS_NOT;
import static io.portcullis.linux.bpf.BpfProgram.Function.SKB_VLAN_POP;
import static io.portcullis.linux.bpf.BpfProgram.NEXT;
import static io.portcullis.linux.bpf.BpfProgram.Register.R0;
import static io.portcullis.linux.bpf.BpfProgram.Register.R1;
import static io.portcullis.linux.bpf.BpfProgram.Register.R2;
import static io.portcullis.linux.bpf.BpfProgram.Register.R3;
import static io.portcullis.linux.bpf.BpfProgram.Register.R4;
import static io.portcullis.linux.bpf.BpfProgram.Register.R6;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfException;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Add;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Call;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Copy;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Jump;
import io.portcullis.linux.bpf.BpfProgram.Instruction.JumpAbove;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Load;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Place;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.packet.TransmitRing;
import io.portcullis.packet.wire.EthernetHeader;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program on the way out of a veth that removes {@link TransmitRing#SPARE_TAG} from a frame. The kernel then takes the next tag out
 * of the frame's bytes and keeps it beside them, as it does for the tag of a frame that it has received ({@code skb_vlan_pop},
 * net/core/skbuff.c). A veth counts only the bytes, so a packet of full size crosses under two tags, as on the kernel's bridge.
 * Without this program a veth drops it ({@code is_skb_forwardable}, net/core/dev.c), and a packet socket has no other way to say that
 * a tag lies beside the frame.
 *
 * <p>It is attached when the first such frame comes, behind all other programs, and goes with this process. All rings of a NIC share
 * one. Any thread.
 */
final class OuterTag implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OuterTag.class);

    // Offsets in struct __sk_buff.
    private static final int VLAN_PRESENT = 20;
    private static final int DATA = 76;
    private static final int DATA_END = 80;

    private final Tcx.Link link;
    private boolean closed; // guarded by this

    private OuterTag(Tcx.Link link) {
        this.link = link;
    }

    /** Attaches the program to a NIC; empty where the kernel has no tcx (before Linux 6.6), or refuses the program. */
    static Optional<OuterTag> attach(Nic nic) {
        try {
            if (!Tcx.isSupported()) {
                return Optional.empty();
            }
            try (Bpf program = Bpf.load(program())) {
                return Optional.of(new OuterTag(Tcx.linkLast(program, nic.index(), false)));
            }
        } catch (ErrnoException | BpfException refused) {
            LOG.debug("{}: whole packets under two tags do not pass", nic.name(), refused);
            return Optional.empty();
        }
    }

    private static BpfProgram program() {
        Label next = new Label("next");
        int tag = EthernetHeader.TYPE;
        return BpfProgram.of(
                "portcullis_tag",
                new Copy(R6, R1),
                new Load(Size.WORD, R2, R6, VLAN_PRESENT),
                new Jump(IS_NOT, R2, 0, next),
                new Load(Size.WORD, R2, R6, DATA),
                new Load(Size.WORD, R3, R6, DATA_END),
                new Copy(R4, R2),
                new Add(R4, tag + Integer.BYTES),
                new JumpAbove(R4, R3, next),
                new Load(Size.WORD, R4, R2, tag),
                new Jump(IS_NOT, R4, Integer.reverseBytes(TransmitRing.SPARE_TAG), next),
                new Copy(R1, R6),
                new Call(SKB_VLAN_POP),
                new Place(next),
                new Set(R0, NEXT),
                new Exit());
    }

    /** Detaches it. More than once does nothing. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            link.close();
        }
    }
}
