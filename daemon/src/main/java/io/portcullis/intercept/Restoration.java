package io.portcullis.intercept;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.Clsact;
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
 * Gives NICs back as they were, whoever changed them: on a stop, after a crash, or when the program is removed. Journals tell how
 * they were; what no journal tells is recognised ({@link Ours}).
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
     * Gives back all that the journals of a folder tell of, and all else that is recognised as ours in this network namespace.
     * Not while a daemon runs in it.
     *
     * @param state may be missing
     */
    public static Restored detachAll(Path state) {
        Restoration restoration = new Restoration(state);
        try {
            Journals journals = restoration.journals();
            for (Journals.Found found : journals.ofThisBoot()) {
                restoration.undo(RestoreLog.of(found.file(), found.journal()));
            }
            restoration.undoUnnoted(Set.of());
            for (Nic nic : Nics.all()) {
                if (nic.ethernet() && !nic.loopback()) {
                    NicSetup.restoreDefaults(nic).ifPresent(restoration.lines::add);
                }
            }
        } catch (IOException failed) {
            restoration.faults.add(NicSetup.reason(failed));
        }
        return restoration.done();
    }

    /**
     * Gives back what an earlier run left behind and no interface wants now: what journals of other interfaces tell of, but for the
     * NICs of this configuration. What no journal here tells of stays, and is named: it may be that of another portcullis, and what
     * is shut stays shut. To be called when all interfaces are guarded or shut.
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
                kept.addAll(pairEnds(List.of(Pairs.inside(name), Pairs.outside(name))));
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
            restoration.faults.add(NicSetup.reason(failed));
        }
        return restoration.done();
    }

    /**
     * The kernel's numbers of the programs in this network namespace that are ours, whoever of us attached them. Changes nothing.
     *
     * @param state may be missing
     */
    public static Set<Integer> programs(Path state) throws IOException {
        Set<Integer> programs = new TreeSet<>();
        for (Journals.Found found : Journals.read(state).ofThisBoot()) {
            found.journal().programs().forEach(each -> programs.add(each.program()));
        }
        Ours ours = Ours.now();
        for (Nic nic : ours.nics()) {
            ours.programsOn(nic.index()).forEach(each -> programs.add(each.program()));
        }
        return programs;
    }

    /** Restores one interface, and removes its journal where nothing is left to restore. */
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
        pairs.forEach(pair -> Pairs.ends(pair, true, all).forEach(end -> ends.add(end.index())));
        return ends;
    }

    /** A journal without an owner: what it says of NICs that somebody wants stays, with the pairs that are part of it. */
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
            RestoreLog.of(found.file(), all).note(_ -> stays);
        }
    }

    private void undo(RestoreLog log) {
        if (undo(log.journal())) {
            log.note(all -> Journal.empty(all.interfaceName(), all.bootId()));
        }
    }

    /** True: all that it tells of is as it was. */
    private boolean undo(Journal journal) {
        int before = faults.size();
        Map<Journal.Entry, Nic> found = find(journal);
        undoPrograms(journal);
        for (Journal.Pair pair : journal.pairs()) {
            step(
                    journal.interfaceName(),
                    () -> Pairs.remove(pair, true).ifPresent(line -> lines.add(journal.interfaceName() + ": " + line)));
        }
        for (int nic : journal.qdiscs()) {
            step(journal.interfaceName(), () -> removeEmptyQdisc(nic));
        }
        for (Journal.Entry entry : journal.nics()) {
            Nic nic = found.get(entry);
            if (nic != null) {
                Restored restored = NicSetup.restore(nic, entry);
                lines.addAll(restored.lines());
                faults.addAll(restored.faults());
            }
        }
        return faults.size() == before;
    }

    /** Before a program is detached: one of ours on a NIC says that it is the one. */
    private Map<Journal.Entry, Nic> find(Journal journal) {
        Map<Journal.Entry, Nic> found = new HashMap<>();
        for (Journal.Entry entry : journal.nics()) {
            step(entry.name(), () -> {
                Optional<Nic> there = Nics.all().stream()
                        .filter(nic -> nic.index() == entry.index())
                        .findFirst();
                if (there.isPresent() && SameNic.is(there.get(), entry, journal)) {
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
            faults.add(of + ": not restored: " + NicSetup.reason(failed));
        }
    }

    private void undoPrograms(Journal journal) {
        List<Journal.Standing> detached = new ArrayList<>();
        for (Journal.Standing each : journal.programs()) {
            step(journal.interfaceName(), () -> {
                if (each.hook().remove(each.program())) {
                    detached.add(each);
                }
                Pins.remove(each.hook(), each.program());
            });
        }
        if (!detached.isEmpty()) {
            lines.add(journal.interfaceName() + ": " + detached.size() + " programs detached");
        }
    }

    private static void removeEmptyQdisc(int nic) throws ErrnoException {
        boolean empty = Clsact.qdisc(nic).filter("clsact"::equals).isPresent()
                && Clsact.filters(nic, true).isEmpty()
                && Clsact.filters(nic, false).isEmpty();
        if (empty) {
            Clsact.removeQdisc(nic);
        }
    }

    /** Programs and pairs that no journal tells of, but for some NICs. */
    private void nameUnnoted(Set<Integer> kept) throws IOException {
        Ours ours = Ours.now();
        Set<Integer> ends = ours.pairEnds().stream().map(Nic::index).collect(Collectors.toSet());
        for (Nic nic : ours.nics()) {
            int programs = kept.contains(nic.index()) || ends.contains(nic.index())
                    ? 0
                    : ours.programsOn(nic.index()).size();
            if (programs > 0) {
                lines.add(nic.name() + ": " + programs
                        + " program(s) of portcullis that no journal here has stay: unless another"
                        + " portcullis runs, portcullis detach removes them");
            }
        }
    }

    private void undoUnnoted(Set<Integer> kept) throws IOException {
        Ours ours = Ours.now();
        for (Nic nic : ours.nics()) {
            if (!kept.contains(nic.index())) {
                step(nic.name(), () -> undoUnnoted(nic, ours.programsOn(nic.index())));
            }
        }
        for (Nic end : ours.pairEnds()) {
            if (!kept.contains(end.index()) && Nics.all().stream().anyMatch(nic -> nic.index() == end.index())) {
                step(end.name(), () -> {
                    Nics.delete(end);
                    lines.add(end.name() + ": removed, of a run that left no journal (" + end.alias() + ")");
                });
            }
        }
    }

    private void undoUnnoted(Nic nic, List<Journal.Standing> programs) throws ErrnoException {
        int detached = 0;
        for (Journal.Standing each : programs) {
            if (each.hook().remove(each.program())) {
                detached++;
            }
            Pins.remove(each.hook(), each.program());
        }
        if (programs.stream().anyMatch(each -> !each.isTcx())) {
            removeEmptyQdisc(nic.index());
        }
        if (detached > 0) {
            lines.add(nic.name() + ": " + detached + " programs of a run that left no journal detached");
        }
    }
}
