package io.portcullis.testing;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Tcx;
import io.portcullis.linux.netlink.Nics;

/** A process that detaches all programs of a NIC's tcx hooks, as an administrator might; {@code TcxDetach NIC}. */
public final class TcxDetach {
    private TcxDetach() {}

    public static void main(String[] arguments) throws ErrnoException {
        int nic = Nics.index(arguments[0]);
        for (boolean ingress : new boolean[] {true, false}) {
            for (Tcx.Entry each : Tcx.query(nic, ingress).entries()) {
                Tcx.detach(each.programId(), nic, ingress, Tcx.query(nic, ingress));
                System.out.println("detached " + each.programId());
            }
        }
    }
}
