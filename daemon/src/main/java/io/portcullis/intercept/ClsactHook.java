package io.portcullis.intercept;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Bpf;
import io.portcullis.linux.bpf.Clsact;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** A hook on the filters of the {@code clsact} qdisc, which run after all tcx programs. */
record ClsactHook(int nic, boolean ingress) implements Hook {
    /** The handle of our filter among those of our priority. */
    static final int HANDLE = 0x5043;

    @Override
    public int handle() {
        return HANDLE;
    }

    @Override
    public String noun() {
        return "filter";
    }

    /** Without the gate, which is behind ours and no program of others. */
    @Override
    public List<Integer> programs() throws ErrnoException {
        return Clsact.filters(nic, ingress).stream()
                .filter(filter -> !Gate.isPart(filter))
                .map(Clsact.Filter::programId)
                .toList();
    }

    /** tcx programs of others; those of our earlier runs don't count, for they are removed. */
    @Override
    public int othersBefore(Journal journal) throws ErrnoException {
        Hook tcx = new TcxHook(nic, ingress);
        List<Journal.AttachedProgram> ours = journal.programsOn(tcx);
        return (int) tcx.programs().stream()
                .filter(program -> ours.stream().noneMatch(own -> own.program() == program))
                .count();
    }

    @Override
    public void prepare(String place, RestoreLog log) throws IOException {
        int others = othersBefore(log.journal());
        if (others > 0) {
            throw new IOException(place + ": " + others
                    + " tcx program(s) of others are attached there and would run before ours: write attach: tcx");
        }
        addQdisc(nic, place, log);
        List<Journal.AttachedProgram> ours = log.journal().programsOn(this);
        boolean isTaken = Clsact.filters(nic, ingress).stream()
                .filter(ClsactHook::hasOurNumber)
                .anyMatch(filter -> ours.stream().noneMatch(own -> own.program() == filter.programId()));
        if (isTaken) {
            throw new IOException(place + ": a filter of somebody else has our number, priority " + Clsact.PRIORITY
                    + " handle 0x" + Integer.toHexString(HANDLE) + ": remove it (tc filter del)");
        }
    }

    /**
     * Adds the qdisc where there is none.
     *
     * @param place for people
     */
    static void addQdisc(int nic, String place, RestoreLog log) throws IOException {
        Optional<String> qdisc = Clsact.qdisc(nic);
        if (qdisc.isEmpty()) {
            log.note(journal -> journal.plusQdisc(nic));
            Clsact.addQdisc(nic);
        } else if (!qdisc.get().equals("clsact")) {
            throw new IOException(place + ": has a qdisc " + qdisc.get()
                    + ", which takes no filter for egress: remove it, or write attach: tcx");
        }
    }

    /** True: the filter has the priority and the handle that ours have. */
    static boolean hasOurNumber(Clsact.Filter filter) {
        return filter.handle() == HANDLE && filter.priority() == Clsact.PRIORITY;
    }

    @Override
    public void attachFirst(Bpf program) throws ErrnoException {
        Clsact.put(program, nic, ingress, HANDLE, program.name());
    }

    @Override
    public boolean remove(int program) throws ErrnoException {
        try {
            boolean isOurs = Clsact.filters(nic, ingress).stream()
                    .anyMatch(filter -> filter.programId() == program && filter.handle() == HANDLE);
            if (isOurs) {
                Clsact.remove(nic, ingress, HANDLE);
            }
            return isOurs;
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENODEV || refused.errno() == Errno.ENOENT) {
                return false;
            }
            throw refused;
        }
    }
}
