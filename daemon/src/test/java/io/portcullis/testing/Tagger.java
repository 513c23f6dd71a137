package io.portcullis.testing;

import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Condition;
import io.portcullis.linux.bpf.BpfProgram.Function;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Call;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Jump;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Load;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Place;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Label;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.BpfProgram.Size;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nics;

/**
 * Started as a program in a namespace: makes a NIC send and receive under a VLAN tag, for kernels without the module 8021q, or
 * attaches a foreign program. The programs stay attached.
 */
public final class Tagger {
    /** Offset in struct __sk_buff: 1 where the frame has a tag. */
    private static final int VLAN_PRESENT = 20;

    private static final int TPID = 0x0081; // 0x8100 in network byte order

    private Tagger() {}

    /**
     * {@code NIC tag ID}: what it sends gets the tag, and it receives tagged frames only, without the tag. {@code NIC untag}:
     * the second half alone, behind all other programs. {@code NIC first ingress|egress}: a program that lets all pass.
     */
    public static void main(String[] arguments) throws Exception {
        int nic = Nics.index(arguments[0]);
        Label tagged = new Label("tagged");
        BpfProgram untag = BpfProgram.of(
                "untag",
                new Load(Size.WORD, Register.R2, Register.R1, VLAN_PRESENT),
                new Jump(Condition.IS_NOT, Register.R2, 0, tagged),
                new Set(Register.R0, BpfProgram.DROP),
                new Exit(),
                new Place(tagged),
                new Call(Function.SKB_VLAN_POP),
                new Set(Register.R0, BpfProgram.NEXT),
                new Exit());
        switch (arguments[1]) {
            case "tag" -> {
                BpfProgram tag = BpfProgram.of(
                        "tag",
                        new Set(Register.R2, TPID),
                        new Set(Register.R3, Integer.parseInt(arguments[2])),
                        new Call(Function.SKB_VLAN_PUSH),
                        new Set(Register.R0, BpfProgram.NEXT),
                        new Exit());
                attach(tag, nic, false);
                attach(untag, nic, true);
            }
            case "untag" -> {
                try (Bpf program = Bpf.load(untag)) {
                    Tcx.Chain chain = Tcx.query(nic, true);
                    Tcx.attachBehind(
                            program, nic, true, chain.entries().getLast().programId());
                }
            }
            default ->
                attach(
                        BpfProgram.of("intruder", new Set(Register.R0, BpfProgram.NEXT), new Exit()),
                        nic,
                        arguments[2].equals("ingress"));
        }
    }

    private static void attach(BpfProgram code, int nic, boolean ingress) throws Exception {
        try (Bpf program = Bpf.load(code)) {
            Tcx.attachFirst(program, nic, ingress);
        }
    }
}
