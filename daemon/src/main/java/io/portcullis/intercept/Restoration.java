package io.portcullis.intercept;

import io.portcullis.linux.Nic;
import io.portcullis.linux.Nics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Puts back what journals say, whoever wrote them: on a stop, after a crash, or when the program is removed. */
public final class Restoration {
    private Restoration() {}

    /**
     * Puts back all that the journals of a directory say. Not while a daemon that uses this directory runs.
     *
     * @param stateDirectory may be missing
     */
    public static Restored detachAll(Path stateDirectory) {
        return detachOthers(stateDirectory, Set.of());
    }

    /**
     * Puts back what the journals of a directory say, but for some interfaces: what an earlier configuration named and an
     * earlier run left behind.
     *
     * @param stateDirectory may be missing
     * @param attached names of the interfaces that are attached now
     */
    public static Restored detachOthers(Path stateDirectory, Set<String> attached) {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        try {
            for (Path file : Journal.files(stateDirectory)) {
                try {
                    Journal journal = Journal.read(file);
                    if (attached.contains(journal.interfaceName())) {
                        continue;
                    }
                    Restored restored = restore(journal, stateDirectory);
                    lines.addAll(restored.lines());
                    faults.addAll(restored.faults());
                } catch (IOException broken) {
                    faults.add(Guard.reason(broken));
                }
            }
        } catch (IOException failed) {
            faults.add(Guard.reason(failed));
        }
        return new Restored(lines, faults);
    }

    /** True where an earlier run of this boot has left programs that stop traffic. */
    public static boolean keepsSomethingShut(Path stateDirectory) {
        try {
            for (Path file : Journal.files(stateDirectory)) {
                Journal journal = Journal.read(file);
                if (journal.isOfThisBoot() && !journal.programs().isEmpty()) {
                    return true;
                }
            }
            return false;
        } catch (IOException unreadable) {
            // Whoever attaches reads it again, and says what is wrong with it.
            return false;
        }
    }

    /** Restores one interface, and removes its journal where nothing is left to restore. */
    static Restored restore(Journal journal, Path directory) {
        List<String> lines = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        try {
            if (!journal.isOfThisBoot()) {
                lines.add(journal.interfaceName() + ": its journal is from before the last boot, nothing to restore");
            } else if (Files.exists(journal.file(directory))) {
                undo(journal, lines, faults);
            }
            if (faults.isEmpty()) {
                journal.delete(directory);
            }
        } catch (IOException failed) {
            faults.add(journal.interfaceName() + ": " + Guard.reason(failed));
        }
        return new Restored(lines, faults);
    }

    private static void undo(Journal journal, List<String> lines, List<String> faults) {
        try {
            lines.addAll(undoPrograms(journal));
        } catch (IOException failed) {
            faults.add(journal.interfaceName() + ": not restored: " + Guard.reason(failed));
        }
        for (Journal.Entry entry : journal.nics()) {
            Restored restored = Guard.restore(entry);
            lines.addAll(restored.lines());
            faults.addAll(restored.faults());
        }
    }

    /** Detaches the programs of a journal and removes its virtual NICs; what was done, for the log. */
    static List<String> undoPrograms(Journal journal) throws IOException {
        List<String> lines = new ArrayList<>();
        Barrier.lower(journal);
        if (!journal.programs().isEmpty()) {
            lines.add(journal.interfaceName() + ": " + journal.programs().size() + " programs detached");
        }
        for (Journal.Pair pair : journal.pairs()) {
            Optional<Nic> near = Nics.find(pair.near()).filter(nic -> nic.kind().equals("veth"));
            if (near.isPresent()) {
                Nics.delete(near.get());
                lines.add(journal.interfaceName() + ": " + pair.near() + " and " + pair.far() + " removed");
            }
        }
        return lines;
    }
}
