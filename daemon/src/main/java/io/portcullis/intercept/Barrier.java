package io.portcullis.intercept;

import io.portcullis.config.Attach;
import io.portcullis.config.OnFailure;
import io.portcullis.linux.Bpf;
import io.portcullis.linux.BpfMap;
import io.portcullis.linux.BpfProgram;
import io.portcullis.linux.Clsact;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Tcx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The programs of one interface, attached: each first in its place, noted in the journal before it is. A program of an earlier
 * run that does the same stays where it is; another one is replaced, and there is no moment without one of the two. Programs of
 * others are left alone, and what ours lets through goes on to them. One thread at a time.
 */
final class Barrier implements AutoCloseable {
    /** The number of our filters among those of their priority (clsact). */
    private static final int HANDLE = 0x5043;

    private static final int ATTEMPTS = 20;

    /**
     * A program and its place.
     *
     * @param nic index
     * @param place for people: {@code eth0 ingress}
     * @param program where {@code open}, as long as we live
     * @param behind what then takes its place, or null: nothing (tcx only)
     * @param open true: the program must not outlive us
     */
    record Part(
            int nic,
            String place,
            boolean ingress,
            BpfProgram program,
            @Nullable BpfProgram behind,
            boolean open) {}

    private record Place(int nic, boolean ingress) {}

    private final Attach how;
    private final OnFailure onFailure;
    private final Path directory;
    private final @Nullable BpfMap deadline;
    private final Map<Place, Tcx.Link> links = new HashMap<>();
    private final Map<Place, Integer> linked = new HashMap<>();
    private List<Part> parts = List.of();
    private Journal journal;

    private Barrier(Attach how, OnFailure onFailure, Path directory, @Nullable BpfMap deadline, Journal journal) {
        this.how = how;
        this.onFailure = onFailure;
        this.directory = directory;
        this.deadline = deadline;
        this.journal = journal;
    }

    /**
     * A barrier without programs.
     *
     * @param wanted {@link Attach#AUTO}: what the kernel has
     * @throws IOException where the kernel has no BPF, or does not let us
     */
    static Barrier of(Attach wanted, OnFailure onFailure, Path directory, Journal journal) throws IOException {
        boolean hasTcx = hasTcx();
        if (wanted == Attach.TCX && !hasTcx) {
            throw new IOException("attach: tcx needs Linux 6.6: write attach: auto, or clsact");
        }
        Attach how = wanted == Attach.CLSACT || !hasTcx ? Attach.CLSACT : Attach.TCX;
        boolean timed = how == Attach.CLSACT && onFailure == OnFailure.OPEN;
        return new Barrier(how, onFailure, directory, timed ? BpfMap.create() : null, journal);
    }

    private static boolean hasTcx() throws ErrnoException {
        try {
            Tcx.query(1, true);
            return true;
        } catch (ErrnoException refused) {
            return switch (refused.errno()) {
                case Errno.EINVAL -> false;
                case Errno.ENODEV -> true;
                default -> throw refused;
            };
        }
    }

    /** tcx or clsact. */
    Attach how() {
        return how;
    }

    /** What {@code clsact} programs look at, and {@link #aliveUntil} moves on; null where a link does it, or nothing shall. */
    @Nullable
    BpfMap deadline() {
        return deadline;
    }

    /** Programs that end by themselves do so at this time: nanoseconds of CLOCK_MONOTONIC. */
    void aliveUntil(long monotonicNs) throws ErrnoException {
        if (deadline != null) {
            deadline.set(monotonicNs);
        }
    }

    Journal journal() {
        return journal;
    }

    /** Changes the journal, on the disk too. */
    void note(UnaryOperator<Journal> change) throws IOException {
        Journal next = change.apply(journal);
        next.write(directory);
        journal = next;
    }

    /**
     * Attaches programs, in this order, and detaches those of an earlier run that are no more wanted.
     *
     * @return lines for the log
     * @throws IOException with what was attached by then still attached
     */
    List<String> raise(List<Part> wanted) throws IOException {
        List<String> notes = new ArrayList<>();
        parts = List.copyOf(wanted);
        for (Part part : parts) {
            boolean kept = put(part);
            notes.add(part.place() + ": program " + part.program().name() + (kept ? " stands already" : " attached")
                    + " (" + how.key() + ")");
        }
        for (Journal.Standing old : journal.programs()) {
            boolean wantedStill = parts.stream()
                    .anyMatch(part -> part.nic() == old.nic()
                            && part.ingress() == old.ingress()
                            && old.isTcx() == (how == Attach.TCX));
            if (!wantedStill) {
                remove(old);
                forget(old);
            }
        }
        return notes;
    }

    /** True: it stood there already. */
    private boolean put(Part part) throws IOException {
        // Two, where a run died between attaching the one and detaching the other: the first would take the mark off,
        // and the
        // second stop everything.
        List<Journal.Standing> old = journal.programs().stream()
                .filter(each -> each.nic() == part.nic()
                        && each.ingress() == part.ingress()
                        && each.isTcx() == (how == Attach.TCX))
                .toList();
        return how == Attach.TCX ? putTcx(part, old) : putFilter(part, old);
    }

    private boolean putTcx(Part part, List<Journal.Standing> old) throws IOException {
        if (!part.open()) {
            return putPersistent(part, part.program(), old);
        }
        Place place = new Place(part.nic(), part.ingress());
        closeLink(place);
        try (Bpf program = Bpf.load(part.program())) {
            links.put(place, Tcx.linkFirst(program, part.nic(), part.ingress()));
            linked.put(place, program.id());
        }
        if (part.behind() != null) {
            putPersistent(part, part.behind(), old);
        } else {
            removeAll(old);
        }
        return false;
    }

    private void removeAll(List<Journal.Standing> old) throws IOException {
        for (Journal.Standing each : old) {
            remove(each);
            forget(each);
        }
    }

    private boolean putPersistent(Part part, BpfProgram wanted, List<Journal.Standing> old) throws IOException {
        int nic = part.nic();
        boolean ingress = part.ingress();
        Place place = new Place(nic, ingress);
        boolean behindLink = links.containsKey(place);
        Tcx.Chain chain = Tcx.query(nic, ingress);
        Optional<Journal.Standing> kept = old.stream()
                .filter(each -> chain.position(each.program()) == (behindLink ? 1 : 0)
                        && each.fingerprint().equals(wanted.fingerprint()))
                .findFirst();
        if (kept.isPresent()) {
            removeAll(old.stream().filter(each -> !each.equals(kept.get())).toList());
            return true;
        }
        try (Bpf program = Bpf.load(wanted)) {
            // The old one stays noted until it is gone.
            add(new Journal.Standing(nic, ingress, 0, program.id(), wanted.fingerprint()));
            if (behindLink) {
                Tcx.attachBehind(program, nic, ingress, linked.getOrDefault(place, 0));
            } else {
                Tcx.attachFirst(program, nic, ingress);
            }
        }
        removeAll(old);
        return false;
    }

    private boolean putFilter(Part part, List<Journal.Standing> old) throws IOException {
        int nic = part.nic();
        Tcx.Chain others = othersOnTcx(part);
        if (!others.entries().isEmpty()) {
            throw new IOException(part.place() + ": " + others.entries().size()
                    + " tcx program(s) of others stand there, and would come before ours: write attach: tcx");
        }
        Optional<String> qdisc = Clsact.qdisc(nic);
        if (qdisc.isEmpty()) {
            note(all -> all.withPrograms(all.programs(), plus(all.qdiscs(), nic)));
            Clsact.addQdisc(nic);
        } else if (!qdisc.get().equals("clsact")) {
            throw new IOException(part.place() + ": has a qdisc " + qdisc.get()
                    + ", which has no place for what leaves: remove it, or write attach: tcx");
        }
        List<Clsact.Filter> filters = Clsact.filters(nic, part.ingress());
        // A program with a deadline looks at the map of the process that loaded it.
        Optional<Journal.Standing> kept = old.stream()
                .filter(each -> deadline == null
                        && !filters.isEmpty()
                        && filters.getFirst().programId() == each.program()
                        && each.fingerprint().equals(part.program().fingerprint()))
                .findFirst();
        if (kept.isPresent()) {
            for (Journal.Standing each : old) {
                if (!each.equals(kept.get())) {
                    forget(each);
                }
            }
            return true;
        }
        try (Bpf program = Bpf.load(part.program())) {
            add(new Journal.Standing(
                    nic, part.ingress(), HANDLE, program.id(), part.program().fingerprint()));
            boolean ours = filters.stream()
                    .anyMatch(each -> each.handle() == HANDLE
                            && old.stream().anyMatch(standing -> standing.program() == each.programId()));
            if (!ours
                    && filters.stream()
                            .anyMatch(each -> each.handle() == HANDLE && each.priority() == Clsact.PRIORITY)) {
                throw new IOException(part.place() + ": a filter of somebody else has our number, priority "
                        + Clsact.PRIORITY + " handle 0x" + Integer.toHexString(HANDLE) + ": remove it (tc filter del)");
            }
            Clsact.put(program, nic, part.ingress(), HANDLE, part.program().name());
            for (Journal.Standing each : old) {
                forget(each);
            }
        }
        return false;
    }

    /** What is on tcx, but for ours of an earlier run that was attached there. */
    private Tcx.Chain othersOnTcx(Part part) throws ErrnoException {
        if (!hasTcx()) {
            return new Tcx.Chain(0, List.of());
        }
        Tcx.Chain chain = Tcx.query(part.nic(), part.ingress());
        return new Tcx.Chain(
                chain.revision(),
                chain.entries().stream()
                        .filter(entry -> journal.programs().stream()
                                .noneMatch(standing -> standing.isTcx() && standing.program() == entry.programId()))
                        .toList());
    }

    private static List<Integer> plus(List<Integer> list, int one) {
        List<Integer> longer = new ArrayList<>(list);
        if (!longer.contains(one)) {
            longer.add(one);
        }
        return longer;
    }

    private void add(Journal.Standing standing) throws IOException {
        List<Journal.Standing> all = new ArrayList<>(journal.programs());
        all.add(standing);
        note(each -> each.withPrograms(all, each.qdiscs()));
    }

    private void forget(Journal.Standing standing) throws IOException {
        List<Journal.Standing> all = new ArrayList<>(journal.programs());
        all.remove(standing);
        note(each -> each.withPrograms(all, each.qdiscs()));
    }

    /** Why what is attached does not do what it should; empty: all is well. Changes nothing. */
    List<String> faults() {
        List<String> faults = new ArrayList<>();
        for (Part part : parts) {
            try {
                fault(part).ifPresent(faults::add);
            } catch (ErrnoException refused) {
                faults.add(part.place() + ": " + refused.getMessage());
            }
        }
        return faults;
    }

    private Optional<String> fault(Part part) throws ErrnoException {
        if (how == Attach.CLSACT && hasTcx() && !othersOnTcx(part).entries().isEmpty()) {
            return Optional.of(part.place() + ": a tcx program of somebody else runs before ours");
        }
        int at = position(part);
        String what = how == Attach.TCX ? "tcx program" : "filter";
        return switch (at) {
            case 0 -> Optional.empty();
            case -1 -> Optional.of(part.place() + ": our " + what + " is gone");
            default ->
                Optional.of(part.place() + ": " + at + " " + what + (at == 1 ? "" : "s")
                        + " of somebody else run before ours, and may let frames past it");
        };
    }

    /** How many programs run before ours; -1: it is gone. */
    private int position(Part part) throws ErrnoException {
        if (how == Attach.TCX) {
            Tcx.Chain chain = Tcx.query(part.nic(), part.ingress());
            Integer link = linked.get(new Place(part.nic(), part.ingress()));
            int program = link != null ? link : programOf(part);
            return chain.position(program);
        }
        List<Clsact.Filter> filters = Clsact.filters(part.nic(), part.ingress());
        for (int i = 0; i < filters.size(); i++) {
            if (filters.get(i).programId() == programOf(part)) {
                return i;
            }
        }
        return -1;
    }

    private int programOf(Part part) {
        return journal.programs().stream()
                .filter(each -> each.nic() == part.nic() && each.ingress() == part.ingress())
                .mapToInt(Journal.Standing::program)
                .findFirst()
                .orElse(0);
    }

    /** Attaches again what is gone. What others have put before ours stays: two who both want to be first would never end. */
    List<String> mend() throws IOException {
        List<String> mended = new ArrayList<>();
        for (Part part : parts) {
            if (position(part) < 0) {
                put(part);
                mended.add(part.place() + ": program " + part.program().name() + " attached again");
            }
        }
        return mended;
    }

    private void closeLink(Place place) {
        Tcx.Link link = links.remove(place);
        linked.remove(place);
        if (link != null) {
            link.close();
        }
    }

    /** Detaches one program; nothing happens where it, or its NIC, is gone. */
    private static void remove(Journal.Standing standing) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                if (standing.isTcx()) {
                    Tcx.Chain chain = Tcx.query(standing.nic(), standing.ingress());
                    if (chain.position(standing.program()) >= 0) {
                        Tcx.detach(standing.program(), standing.nic(), standing.ingress(), chain);
                    }
                } else if (Clsact.filters(standing.nic(), standing.ingress()).stream()
                        .anyMatch(filter -> filter.programId() == standing.program())) {
                    Clsact.remove(standing.nic(), standing.ingress(), standing.handle());
                }
                return;
            } catch (ErrnoException refused) {
                if (refused.errno() == Errno.ENODEV) {
                    return;
                }
                if (refused.errno() != Errno.ESTALE || attempt == ATTEMPTS) {
                    throw refused;
                }
            }
        }
    }

    /** Detaches what a journal says, and takes the qdiscs away that were made and are empty. */
    static void lower(Journal journal) throws IOException {
        for (Journal.Standing standing : journal.programs()) {
            remove(standing);
        }
        for (int nic : journal.qdiscs()) {
            boolean ours = Clsact.qdisc(nic).filter("clsact"::equals).isPresent();
            if (ours
                    && Clsact.filters(nic, true).isEmpty()
                    && Clsact.filters(nic, false).isEmpty()) {
                Clsact.removeQdisc(nic);
            }
        }
    }

    /** What shall not outlive us goes; all else stays as it is. */
    @Override
    public void close() {
        for (Place place : List.copyOf(links.keySet())) {
            closeLink(place);
        }
        if (deadline != null) {
            deadline.close();
        }
    }

    /** What becomes of the traffic when this process dies. */
    OnFailure onFailure() {
        return onFailure;
    }
}
