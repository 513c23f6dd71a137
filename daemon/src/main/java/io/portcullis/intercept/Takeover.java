package io.portcullis.intercept;

import io.portcullis.linux.bpf.Clsact;
import io.portcullis.linux.netlink.Nic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Takes over the programs, pairs and journals of earlier runs when an interface starts. Programs on a NIC belong to the interface that
 * has the NIC now, in whichever journal they are, or in none; its own pairs are recognised by their names. Programs of its own journal
 * on other NICs stay there, for an interface that wants the NIC or for {@link Restoration#detachOthers}; until then they drop all frames.
 */
final class Takeover {
    /** The original state of a NIC; {@code earlier}: the journal entry of an earlier run for this very NIC. */
    interface Plan {
        Journal.Entry of(Nic nic, Optional<Journal.Entry> earlier) throws IOException;
    }

    private final String name;
    private final Path folder;
    private final List<String> notes;
    private final Journals earlier;
    private final OwnObjects own;
    private final Set<Integer> mine = new TreeSet<>();

    private Takeover(String name, Path folder, List<String> notes) throws IOException {
        this.name = name;
        this.folder = folder;
        this.notes = notes;
        this.earlier = Journals.read(folder);
        this.own = OwnObjects.now();
        notes.addAll(earlier.putAside());
        notes.addAll(earlier.faults());
    }

    /**
     * Begins the journal of an interface. Entries of its NICs in other journals move to this one.
     *
     * @param notes takes lines for the log
     * @throws IOException where the kernel does not list NICs or programs
     */
    static RestoreLog of(String interfaceName, List<Nic> nics, Path folder, List<String> notes, Plan plan)
            throws IOException {
        return new Takeover(interfaceName, folder, notes).begin(nics, plan);
    }

    private RestoreLog begin(List<Nic> nics, Plan plan) throws IOException {
        List<Journal.Pair> pairs = ownPairs();
        nics.forEach(nic -> mine.add(nic.index()));
        List<Journal.Entry> entries = new ArrayList<>();
        for (Nic nic : nics) {
            Optional<Journal.Entry> then = entryOf(nic);
            then.ifPresent(entry ->
                    notes.add(nic.name() + ": an earlier run did not restore it: its journal has the original state"));
            entries.add(plan.of(nic, then));
        }
        Journal next = new Journal(name, Journal.currentBootId(), entries).withPairs(pairs);
        for (Journals.Found found : earlier.ofThisBoot()) {
            Journal about = found.journal().about(mine::contains);
            next = next.plus(new Journal(name, next.bootId(), List.of(), List.of(), about.programs(), about.qdiscs()));
        }
        next = withUnnoted(next);
        leaveOthers();
        RestoreLog log = RestoreLog.begin(JournalFile.ofInterface(folder, name), next);
        takeFromOthers();
        return log;
    }

    private List<Journal.Pair> ownPairs() {
        List<Journal.Pair> noted = ownJournals().stream()
                .flatMap(found -> found.journal().pairs().stream())
                .toList();
        List<Journal.Pair> pairs = new ArrayList<>();
        for (Journal.Pair pair : Journal.join(noted, VethPairs.all(name))) {
            List<Nic> ends = VethPairs.ends(pair, noted.contains(pair), own.nics());
            if (!ends.isEmpty()) {
                pairs.add(pair);
                ends.forEach(end -> mine.add(end.index()));
            }
        }
        return pairs;
    }

    private List<Journals.Found> ownJournals() {
        return earlier.ofThisBoot().stream().filter(this::isOwn).toList();
    }

    private boolean isOwn(Journals.Found found) {
        return found.file().equals(JournalFile.ofInterface(folder, name));
    }

    private Optional<Journal.Entry> entryOf(Nic nic) throws IOException {
        for (Journals.Found found : earlier.ofThisBoot()) {
            for (Journal.Entry entry : found.journal().nics()) {
                if (NicRestore.isSame(nic, entry, found.journal())) {
                    return Optional.of(entry);
                }
            }
        }
        return Optional.empty();
    }

    /** Adds our programs that no journal has: new ones are attached before them, and they are detached. */
    private Journal withUnnoted(Journal noted) throws IOException {
        Journal next = noted;
        for (int nic : mine) {
            List<Journal.AttachedProgram> orphans = own.programsOn(nic).stream()
                    .filter(program -> noted.programs().stream().noneMatch(program::isSame))
                    .toList();
            for (Journal.AttachedProgram orphan : orphans) {
                next = next.plus(orphan);
                // A qdisc that has no other filters is ours too.
                if (!orphan.isTcx() && holdsNothingElse(nic)) {
                    next = next.plusQdisc(nic);
                }
            }
            if (!orphans.isEmpty()) {
                notes.add(orphans.size() + " program(s) of an earlier run that no journal has are on " + nameOf(nic)
                        + ": they are replaced");
            }
        }
        return next;
    }

    private static boolean holdsNothingElse(int nic) throws IOException {
        return Clsact.filters(nic, true).size() <= 1
                && Clsact.filters(nic, false).size() <= 1;
    }

    private String nameOf(int nic) {
        return own.nics().stream()
                .filter(known -> known.index() == nic)
                .map(Nic::name)
                .findFirst()
                .orElse("NIC " + nic);
    }

    /** Moves entries of NICs that this interface does not want now to a journal for each NIC, without an owner. */
    private void leaveOthers() {
        Set<Integer> existing = own.nics().stream().map(Nic::index).collect(Collectors.toSet());
        for (Journals.Found found : ownJournals()) {
            for (int nic : found.journal().indices()) {
                if (mine.contains(nic)) {
                    continue;
                }
                Journal left = found.journal().about(index -> index == nic);
                if (existing.contains(nic)) {
                    leave(nic, left);
                } else {
                    left.nics().forEach(entry -> notes.add(entry.name() + ": gone, nothing to restore"));
                }
            }
        }
    }

    private void leave(int nic, Journal left) {
        JournalFile file = JournalFile.ofNic(folder, nic);
        Journal before = earlier.ofThisBoot().stream()
                .filter(found -> found.file().equals(file))
                .map(Journals.Found::journal)
                .findFirst()
                .orElse(left);
        RestoreLog log = RestoreLog.begin(file, before.plus(left));
        notes.add(nameOf(nic) + ": " + name
                + " does not have it any more: it stays as it is until another interface wants it, or none does");
        notes.addAll(log.warnings());
        boolean isShut = left.programs().stream().anyMatch(program -> !program.open());
        try {
            // Its programs redirect to this interface's ports, which are about to have another NIC.
            if (isShut) {
                notes.addAll(ClosedNics.cover(log, nic, nameOf(nic)));
            } else {
                for (Journal.AttachedProgram program : left.programs()) {
                    program.hook().remove(program.program());
                    log.note(journal -> journal.minus(program));
                }
            }
        } catch (IOException refused) {
            notes.add(nameOf(nic) + ": " + InterceptException.reason(refused));
        }
    }

    /** Removes from other journals the entries that this interface's journal has now. */
    private void takeFromOthers() {
        for (Journals.Found found : earlier.ofThisBoot()) {
            Journal rest = found.journal()
                    .about(index -> !mine.contains(index))
                    .withPairs(found.journal().pairs());
            if (isOwn(found) || rest.equals(found.journal())) {
                continue;
            }
            try {
                found.file().writeOrDelete(rest);
            } catch (IOException refused) {
                notes.add(InterceptException.reason(refused));
            }
        }
    }
}
