package io.portcullis.intercept;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.Pins;
import io.portcullis.linux.bpf.Tcx;
import java.util.List;

/** A hook on the tcx list, which runs before all filters of {@code clsact}. */
record TcxHook(int nic, boolean ingress) implements Hook {
    private static final int ATTEMPTS = 20;

    private static final class Support {
        private static final boolean TCX = isThere();

        private static boolean isThere() {
            try {
                return Tcx.isSupported();
            } catch (ErrnoException refused) {
                // Attaching needs the same privilege, and its refusal names it.
                return false;
            }
        }
    }

    /** True: this kernel has tcx, and this process may use it. */
    static boolean isSupported() {
        return Support.TCX;
    }

    @Override
    public int handle() {
        return 0;
    }

    @Override
    public String noun() {
        return "tcx program";
    }

    @Override
    public List<Integer> programs() throws ErrnoException {
        return isSupported()
                ? Tcx.query(nic, ingress).entries().stream()
                        .map(Tcx.Entry::programId)
                        .toList()
                : List.of();
    }

    @Override
    public int othersBefore(Journal journal) {
        return 0;
    }

    @Override
    public void prepare(String place, RestoreLog log) {
        // tcx needs no qdisc, and takes any number of programs.
    }

    @Override
    public void attachFirst(Bpf program) throws ErrnoException {
        Tcx.attachFirst(program, nic, ingress);
        Pins.add(nic, ingress, program);
    }

    /** Attaches a program right behind the one with this id, until it is removed or the NIC goes. */
    void attachBehind(int first, Bpf program) throws ErrnoException {
        Tcx.attachBehind(program, nic, ingress, first);
        Pins.add(nic, ingress, program);
    }

    /** Attaches a program as the first, for as long as the link is open. */
    Tcx.Link linkFirst(Bpf program) throws ErrnoException {
        return Tcx.linkFirst(program, nic, ingress);
    }

    @Override
    public boolean remove(int program) throws ErrnoException {
        boolean removed = detach(program);
        Pins.remove(nic, ingress, program);
        return removed;
    }

    private boolean detach(int program) throws ErrnoException {
        if (!isSupported()) {
            return false;
        }
        for (int attempt = 1; ; attempt++) {
            try {
                Tcx.Chain chain = Tcx.query(nic, ingress);
                if (chain.position(program) < 0) {
                    return false;
                }
                Tcx.detach(program, nic, ingress, chain);
                return true;
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ENODEV || refused.errno() == Errno.ENOENT) {
                    return false;
                }
                // ESTALE: the list has changed since the query.
                if (refused.errno() != Errno.ESTALE || attempt == ATTEMPTS) {
                    throw refused;
                }
            }
        }
    }
}
