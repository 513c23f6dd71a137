package io.portcullis.intercept;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import java.io.IOException;
import java.util.List;

/** A place where the kernel runs programs: one direction of a NIC, on one of traffic control's two lists. */
sealed interface Hook permits TcxHook, ClsactHook {
    /** Index of the NIC. */
    int nic();

    /** False: egress. */
    boolean ingress();

    /** The handle of our program in the journal: 0 for tcx. */
    int handle();

    /** The word for one program of this list, for people. */
    String noun();

    /** The hook that a handle of the journal names. */
    static Hook of(int nic, boolean ingress, int handle) {
        return handle == 0 ? new TcxHook(nic, ingress) : new ClsactHook(nic, ingress);
    }

    /**
     * The ids of the attached programs, in the order in which the kernel runs them; 0: a filter of another kind.
     *
     * @throws ErrnoException ENODEV where a NIC with tcx is gone
     */
    List<Integer> programs() throws ErrnoException;

    /** How many programs of others run before all programs of this hook. */
    int othersBefore(Journal journal) throws ErrnoException;

    /**
     * Makes the hook ready for a program of ours.
     *
     * @param place for people
     * @throws IOException where a program, a filter or a qdisc of others is in the way: which, and what to do
     */
    void prepare(String place, RestoreLog log) throws IOException;

    /** Attaches a program as the first, until it is removed or the NIC goes. */
    void attachFirst(Bpf program) throws ErrnoException;

    /**
     * Detaches a program; true: it was attached.
     *
     * @throws ErrnoException EBUSY where a link holds it, which goes with its process
     */
    boolean remove(int program) throws ErrnoException;

    /** How many programs run before this one; -1: it is not attached, or its NIC is gone. */
    default int position(int program) throws ErrnoException {
        try {
            return programs().indexOf(program);
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV) {
                return -1;
            }
            throw refused;
        }
    }

    /** The word for the direction. */
    default String direction() {
        return ingress() ? "ingress" : "egress";
    }
}
