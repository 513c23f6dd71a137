package io.portcullis.system;

import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.BpfProgram;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Exit;
import io.portcullis.linux.bpf.BpfProgram.Instruction.Set;
import io.portcullis.linux.bpf.BpfProgram.Register;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nics;

/** Started as a program in a namespace: changes the tcx programs of a NIC, as another privileged user might. */
public final class Programs {
    private Programs() {}

    /**
     * {@code list NIC}: prints how many there are. {@code stop NIC}: attaches a program that drops all frames, first on ingress;
     * it stays, and its number is printed. {@code remove NIC}: detaches the first program of ingress. {@code remove NIC NUMBER}:
     * detaches that one, if it is still attached.
     */
    public static void main(String[] arguments) throws Exception {
        int nic = Nics.index(arguments[1]);
        switch (arguments[0]) {
            case "list" ->
                System.out.println("tcx programs: " + count(nic, true) + " ingress, " + count(nic, false) + " egress");
            case "stop" -> {
                try (Bpf stop =
                        Bpf.load(BpfProgram.of("somebody", new Set(Register.R0, BpfProgram.DROP), new Exit()))) {
                    Tcx.attachFirst(stop, nic, true);
                    System.out.print(stop.id());
                }
            }
            case "remove" -> {
                Tcx.Chain chain = Tcx.query(nic, true);
                int program = arguments.length > 2
                        ? Integer.parseInt(arguments[2])
                        : chain.entries().getFirst().programId();
                if (chain.position(program) >= 0) {
                    Tcx.detach(program, nic, true, chain);
                }
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }

    private static int count(int nic, boolean ingress) throws Exception {
        return Tcx.query(nic, ingress).entries().size();
    }
}
