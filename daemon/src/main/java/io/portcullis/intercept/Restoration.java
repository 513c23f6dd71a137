package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.bpf.Pins;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Restores NICs that any run has changed: on a stop, after a crash, or when the program is removed. Journals have their original
 * state; programs and pairs that no journal has are recognised ({@link OwnObjects}).
 */
public final class Restoration {
    private final Path folder;
    private final List<String> lines = new ArrayList<>();
    private final List<String> faults = new ArrayList<>();

    private Restoration(Path folder) {
        this.folder = folder;
    }

    private Restored done() {
        return new Restored(lines, faults);
    }

    /**
     * Restores all NICs that the journals of a folder have, and removes all other programs and pairs that are recognised as ours in this
     * network namespace. Not while a daemon runs in it.
     *
     * @param state may be missing
     */
    public static Restored detachAll(Path state) {
        Restoration restoration = new Restoration(state);
        try {
            Journals journals = restoration.journals();
            for (Journals.Found found : journals.ofThisBoot()) {
                restoration.undo(new RestoreLog(found.file(), found.journal()));
            }
            restoration.undoUnnoted();
            for (Nic nic : Nics.all()) {
                restoration.removeGate(nic);
                if (nic.ethernet() && !nic.loopback()) {
                    NicRestore.restoreDefaults(nic).ifPresent(restoration.lines::add);
                }
            }
        } catch (IOException failed) {
            restoration.faults.add(InterceptException.reason(failed));
        }
        return restoration.done();
    }

    /**
     * Restores the NICs that an earlier run has changed and no interface wants now: those in journals of other interfaces, except the
     * NICs of this configuration. Programs and pairs that no journal here has stay, and a line names them: they may belong to another
     * portcullis, and a shut NIC stays shut. To be called when all interfaces are guarded or shut.
     *
     * @param state may be missing
     * @param attached names of the interfaces that are guarded now
     * @param wantedNics names of the NICs of all interfaces of the configuration
     */
    public static Restored detachOthers(Path state, Set<String> attached, Collection<String> wantedNics) {
        Restoration restoration = new Restoration(state);
        try {
            Set<Integer> kept = new TreeSet<>();
            for (String name : wantedNics) {
                Nics.find(name).ifPresent(nic -> kept.add(nic.index()));
            }
            for (String name : attached) {
                kept.addAll(pairEnds(VethPairs.all(name)));
            }
            List<Journals.Found> without = new ArrayList<>();
            for (Journals.Found found : restoration.journals().ofThisBoot()) {
                boolean owned =
                        attached.stream().anyMatch(name -> found.file().equals(JournalFile.ofInterface(state, name)));
                if (owned) {
                    kept.addAll(found.journal().indices());
                } else {
                    without.add(found);
                }
            }
            for (Journals.Found found : without) {
                restoration.undoUnwanted(found, kept);
            }
            restoration.nameUnnoted(kept);
        } catch (IOException failed) {
            restoration.faults.add(InterceptException.reason(failed));
        }
        return restoration.done();
    }

    /**
     * The ids of the programs in this network namespace that any portcullis has attached. Changes nothing.
     *
     * @param state may be missing
     */
    public static Set<Integer> programs(Path state) throws IOException {
        Set<Integer> programs = new TreeSet<>();
        for (Journals.Found found : Journals.read(state).ofThisBoot()) {
            found.journal().programs().forEach(program -> programs.add(program.program()));
        }
        OwnObjects own = OwnObjects.now();
        for (Nic nic : own.nics()) {
            own.programsOn(nic.index()).forEach(program -> programs.add(program.program()));
        }
        return programs;
    }

    /** Restores the NICs of one interface; its journal stays where a fault is left. */
    static Restored restore(RestoreLog log) {
        Restoration restoration = new Restoration(Path.of(""));
        restoration.undo(log);
        return restoration.done();
    }

    private Journals journals() throws IOException {
        Journals journals = Journals.read(folder);
        lines.addAll(journals.putAside());
        faults.addAll(journals.faults());
        for (Journals.Found found : journals.before()) {
            lines.add(
                    found.journal().interfaceName() + ": its journal is from before the last boot, nothing to restore");
            found.file().delete();
        }
        return journals;
    }

    private static Set<Integer> pairEnds(List<Journal.Pair> pairs) throws ErrnoException {
        Set<Integer> ends = new TreeSet<>();
        List<Nic> all = Nics.all();
        pairs.forEach(pair -> VethPairs.ends(pair, true, all).forEach(end -> ends.add(end.index())));
        return ends;
    }

    /** For a journal without an owner: its entries of wanted NICs stay, with the pairs that belong to them. */
    private void undoUnwanted(Journals.Found found, Set<Integer> wanted) throws IOException {
        Journal all = found.journal();
        Journal kept = all.about(wanted::contains);
        Set<Integer> ends = pairEnds(all.pairs());
        if (!kept.isEmpty()) {
            wanted.addAll(ends);
            kept = all.about(wanted::contains).withPairs(all.pairs());
        }
        Journal stays = kept;
        Journal goes = kept.isEmpty() ? all : all.about(index -> !wanted.contains(index));
        if (undo(goes)) {
            new RestoreLog(found.file(), all).note(_ -> stays);
        }
    }

    private void undo(RestoreLog log) {
        if (undo(log.journal())) {
            log.note(all -> Journal.empty(all.interfaceName(), all.bootId()));
        }
    }

    /** True: everything in the journal is restored. */
    private boolean undo(Journal journal) {
        int before = faults.size();
        Map<Journal.Entry, Nic> found = find(journal);
        undoPrograms(journal);
        found.values().forEach(this::removeGate);
        for (Journal.Pair pair : journal.pairs()) {
            step(
                    journal.interfaceName(),
                    () -> VethPairs.remove(pair, true)
                            .ifPresent(line -> lines.add(journal.interfaceName() + ": " + line)));
        }
        if (journal.pairs().contains(VethPairs.tapsOf(journal.interfaceName()))) {
            step(journal.interfaceName(), () -> Pins.removeMemory(journal.interfaceName()));
        }
        for (int nic : journal.qdiscs()) {
            step(journal.interfaceName(), () -> removeEmptyQdisc(nic));
        }
        for (Journal.Entry entry : journal.nics()) {
            Nic nic = found.get(entry);
            if (nic != null) {
                Restored restored = NicRestore.restore(nic, entry);
                lines.addAll(restored.lines());
                faults.addAll(restored.faults());
            }
        }
        return faults.size() == before;
    }

    /** The NIC of each entry. Before a program is detached: a program of ours identifies its NIC. */
    private Map<Journal.Entry, Nic> find(Journal journal) {
        Map<Journal.Entry, Nic> found = new HashMap<>();
        for (Journal.Entry entry : journal.nics()) {
            step(entry.name(), () -> {
                Optional<Nic> there = Nics.all().stream()
                        .filter(nic -> nic.index() == entry.index())
                        .findFirst();
                if (there.isPresent() && NicRestore.isSame(there.get(), entry, journal)) {
                    found.put(entry, there.get());
                } else {
                    lines.add(entry.name() + ": gone" + (there.isEmpty() ? "" : " (another NIC has its number now)")
                            + ", nothing to restore");
                }
            });
        }
        return found;
    }

    private interface Step {
        void run() throws IOException;
    }

    private void step(String of, Step step) {
        try {
            step.run();
        } catch (IOException failed) {
            faults.add(of + ": not restored: " + InterceptException.reason(failed));
        }
    }

    private void removeGate(Nic nic) {
        step(nic.name(), () -> {
            if (Gate.remove(nic.index())) {
                lines.add(nic.name() + ": its gate is removed");
            }
        });
    }

    private void undoPrograms(Journal journal) {
        List<Journal.AttachedProgram> detached = new ArrayList<>();
        for (Journal.AttachedProgram program : journal.programs()) {
            step(journal.interfaceName(), () -> {
                if (program.hook().remove(program.program())) {
                    detached.add(program);
                }
            });
        }
        if (!detached.isEmpty()) {
            lines.add(journal.interfaceName() + ": " + detached.size() + " programs detached");
        }
    }

    static void removeEmptyQdisc(int nic) throws ErrnoException {
        boolean empty = Clsact.qdisc(nic).filter("clsact"::equals).isPresent()
                && Clsact.filters(nic, true).isEmpty()
                && Clsact.filters(nic, false).isEmpty();
        if (empty) {
            Clsact.removeQdisc(nic);
        }
    }

    /** Names the programs that no journal has, except those on some NICs. */
    private void nameUnnoted(Set<Integer> kept) throws IOException {
        OwnObjects own = OwnObjects.now();
        Set<Integer> ends = own.pairEnds().stream().map(Nic::index).collect(Collectors.toSet());
        for (Nic nic : own.nics()) {
            int programs = kept.contains(nic.index()) || ends.contains(nic.index())
                    ? 0
                    : own.programsOn(nic.index()).size();
            if (programs > 0) {
                lines.add(nic.name() + ": " + programs
                        + " program(s) of portcullis that no journal here has stay: unless another"
                        + " portcullis runs, portcullis detach removes them");
            }
        }
    }

    private void undoUnnoted() throws IOException {
        OwnObjects own = OwnObjects.now();
        for (Nic nic : own.nics()) {
            step(nic.name(), () -> undoUnnoted(nic, own.programsOn(nic.index())));
        }
        for (Nic end : own.pairEnds()) {
            if (Nics.all().stream().anyMatch(nic -> nic.index() == end.index())) {
                step(end.name(), () -> {
                    Nics.delete(end);
                    Pins.removeMemory(VethPairs.owner(end));
                    lines.add(end.name() + ": removed, of a run that left no journal (" + end.alias() + ")");
                });
            }
        }
    }

    private void undoUnnoted(Nic nic, List<Journal.AttachedProgram> programs) throws ErrnoException {
        int detached = 0;
        for (Journal.AttachedProgram program : programs) {
            if (program.hook().remove(program.program())) {
                detached++;
            }
        }
        if (programs.stream().anyMatch(program -> !program.isTcx())) {
            removeEmptyQdisc(nic.index());
        }
        if (detached > 0) {
            lines.add(nic.name() + ": " + detached + " programs of a run that left no journal detached");
        }
    }
}
