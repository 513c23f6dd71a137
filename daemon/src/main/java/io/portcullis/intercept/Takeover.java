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
 * What an interface finds of earlier runs when it begins. What is on a NIC belongs to the interface that has the NIC now, whoever
 * wrote it down, and whether anybody did; its own pairs are known by their names. What its own journal says of other NICs is
 * left on them, for an interface that wants them or for {@link Restoration#detachOthers}; until then nothing passes there.
 */
final class Takeover {
    /** What will have to be restored of a NIC; {@code earlier}: what an earlier run wrote down about this very NIC. */
    interface Plan {
        Journal.Entry of(Nic nic, Optional<Journal.Entry> earlier) throws IOException;
    }

    private final String name;
    private final Path folder;
    private final List<String> notes;
    private final Journals earlier;
    private final Ours ours;
    private final Set<Integer> mine = new TreeSet<>();

    private Takeover(String name, Path folder, List<String> notes) throws IOException {
        this.name = name;
        this.folder = folder;
        this.notes = notes;
        this.earlier = Journals.read(folder);
        this.ours = Ours.now();
        notes.addAll(earlier.putAside());
        notes.addAll(earlier.faults());
    }

    /**
     * Begins the journal of an interface. What is noted of its NICs by others is taken out of their journals.
     *
     * @param notes takes lines for the log
     * @throws IOException if the kernel does not tell what there is
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
            then.ifPresent(
                    entry -> notes.add(nic.name() + ": an earlier run did not restore it: its journal is kept to"));
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
        List<Journal.Pair> noted = own().stream()
                .flatMap(found -> found.journal().pairs().stream())
                .toList();
        List<Journal.Pair> pairs = new ArrayList<>();
        for (Journal.Pair pair : Journal.join(noted, List.of(Pairs.inside(name), Pairs.outside(name)))) {
            List<Nic> ends = Pairs.ends(pair, noted.contains(pair), ours.nics());
            if (!ends.isEmpty()) {
                pairs.add(pair);
                ends.forEach(end -> mine.add(end.index()));
            }
        }
        return pairs;
    }

    private List<Journals.Found> own() {
        return earlier.ofThisBoot().stream().filter(this::isOwn).toList();
    }

    private boolean isOwn(Journals.Found found) {
        return found.file().equals(JournalFile.ofInterface(folder, name));
    }

    private Optional<Journal.Entry> entryOf(Nic nic) throws IOException {
        for (Journals.Found found : earlier.ofThisBoot()) {
            for (Journal.Entry entry : found.journal().nics()) {
                if (SameNic.is(nic, entry, found.journal())) {
                    return Optional.of(entry);
                }
            }
        }
        return Optional.empty();
    }

    /** Programs of ours that no journal has: new ones are put before them, and they are removed. */
    private Journal withUnnoted(Journal noted) throws IOException {
        Journal next = noted;
        for (int nic : mine) {
            List<Journal.Standing> orphans = ours.programsOn(nic).stream()
                    .filter(each -> noted.programs().stream().noneMatch(each::isSame))
                    .toList();
            for (Journal.Standing orphan : orphans) {
                next = next.plus(orphan);
                // With nothing of others in it the qdisc is of the same origin.
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
        return ours.nics().stream()
                .filter(each -> each.index() == nic)
                .map(Nic::name)
                .findFirst()
                .orElse("NIC " + nic);
    }

    /** What the own journal says of NICs that this interface does not want now: a journal each, without an owner. */
    private void leaveOthers() {
        Set<Integer> there = ours.nics().stream().map(Nic::index).collect(Collectors.toSet());
        for (Journals.Found found : own()) {
            for (int nic : found.journal().indices()) {
                if (mine.contains(nic)) {
                    continue;
                }
                Journal left = found.journal().about(index -> index == nic);
                if (there.contains(nic)) {
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
        notes.add(nameOf(nic) + ": not " + name + "'s any more: it stays as it is until it is known who wants it");
        notes.addAll(log.warnings());
        boolean shut = false;
        for (Journal.Standing each : left.programs()) {
            shut |= !each.open();
        }
        try {
            // What led its frames to this interface must not do so when this one is about another NIC.
            if (shut) {
                notes.addAll(Shut.cover(log, nic, nameOf(nic)));
            } else {
                for (Journal.Standing each : left.programs()) {
                    each.hook().remove(each.program());
                    log.note(all -> all.minus(each));
                }
            }
        } catch (IOException refused) {
            notes.add(nameOf(nic) + ": " + NicSetup.reason(refused));
        }
    }

    /** What stands in this interface's journal now stands nowhere else. */
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
                notes.add(NicSetup.reason(refused));
            }
        }
    }
}
