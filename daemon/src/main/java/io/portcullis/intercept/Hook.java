package io.portcullis.intercept;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Tcx;
import java.util.List;

/**
 * Where the kernel runs programs: one direction of a NIC, on one of the two lists that traffic control has.
 *
 * @param nic index
 * @param isTcx false: the filters of {@code clsact}, which run after tcx
 */
record Hook(int nic, boolean ingress, boolean isTcx) {
    /** The number of our filters among those of their priority (clsact). */
    static final int HANDLE = 0x5043;

    private static final int ATTEMPTS = 20;

    private static final class Support {
        private static final boolean TCX = isThere();

        private static boolean isThere() {
            try {
                return Tcx.isSupported();
            } catch (ErrnoException refused) {
                // Without the privilege to ask there is none to attach, and that refusal says it better.
                return false;
            }
        }
    }

    /** True: this kernel has tcx, and lets us use it. */
    static boolean hasTcx() {
        return Support.TCX;
    }

    /**
     * The kernel's numbers of what is attached, in the order in which it runs; 0: a filter of another kind.
     *
     * @throws ErrnoException ENODEV where a NIC with tcx is gone
     */
    List<Integer> programs() throws ErrnoException {
        if (!isTcx) {
            return Clsact.filters(nic, ingress).stream()
                    .map(Clsact.Filter::programId)
                    .toList();
        }
        return hasTcx()
                ? Tcx.query(nic, ingress).entries().stream()
                        .map(Tcx.Entry::programId)
                        .toList()
                : List.of();
    }

    /** How many programs run before this one; -1: it is not there, or its NIC is not. */
    int position(int program) throws ErrnoException {
        try {
            return programs().indexOf(program);
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV) {
                return -1;
            }
            throw refused;
        }
    }

    /**
     * Detaches a program; true: it was there.
     *
     * @throws ErrnoException EBUSY where it hangs on a link, which goes with its process
     */
    boolean remove(int program) throws ErrnoException {
        for (int attempt = 1; ; attempt++) {
            try {
                return isTcx ? removeFromTcx(program) : removeFilter(program);
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ENODEV || refused.errno() == Errno.ENOENT) {
                    return false;
                }
                if (refused.errno() != Errno.ESTALE || attempt == ATTEMPTS) {
                    throw refused;
                }
            }
        }
    }

    private boolean removeFromTcx(int program) throws ErrnoException {
        if (!hasTcx()) {
            return false;
        }
        Tcx.Chain chain = Tcx.query(nic, ingress);
        if (chain.position(program) < 0) {
            return false;
        }
        Tcx.detach(program, nic, ingress, chain);
        return true;
    }

    private boolean removeFilter(int program) throws ErrnoException {
        boolean ours = Clsact.filters(nic, ingress).stream()
                .anyMatch(filter -> filter.programId() == program && filter.handle() == HANDLE);
        if (ours) {
            Clsact.remove(nic, ingress, HANDLE);
        }
        return ours;
    }

    /** The word for its direction. */
    String direction() {
        return ingress ? "ingress" : "egress";
    }
}
