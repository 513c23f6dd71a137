package io.portcullis.intercept;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The journals of a folder, read once. One that can't be read counts as lost: what it spoke of is recognised without it
 * ({@link Ours}).
 *
 * @param ofThisBoot in the order of their names
 * @param before files of earlier boots, whose NICs are no more
 * @param broken files that are no journals, and why
 * @param faults what can't be read, or is not obeyed: one line each
 */
record Journals(List<Found> ofThisBoot, List<Found> before, List<Broken> broken, List<String> faults) {
    /** A journal, and where it is. */
    record Found(JournalFile file, Journal journal) {}

    /** A file that is no journal. */
    record Broken(JournalFile file, String reason) {}

    /**
     * Reads them. Changes nothing.
     *
     * @param folder may be missing
     * @throws IOException if the kernel does not tell which boot this is
     */
    static Journals read(Path folder) throws IOException {
        String boot = Journal.currentBootId();
        Journals journals = new Journals(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        try {
            for (JournalFile file : JournalFile.all(folder)) {
                journals.read(file, boot);
            }
        } catch (IOException refused) {
            journals.faults.add("journals can't be looked for: " + InterceptException.reason(refused));
        }
        return journals;
    }

    private void read(JournalFile file, String boot) {
        try {
            Journal journal = file.read();
            (journal.bootId().equals(boot) ? ofThisBoot : before).add(new Found(file, journal));
        } catch (NoSuchFileException gone) {
            // Between the list and the look somebody has restored it.
            return;
        } catch (JournalFile.OfAnotherUser other) {
            faults.add(InterceptException.reason(other));
        } catch (IOException unreadable) {
            broken.add(new Broken(file, InterceptException.reason(unreadable)));
        }
    }

    /** Takes those away that are no journals; lines for the log. */
    List<String> putAside() {
        List<String> lines = new ArrayList<>();
        for (Broken each : broken) {
            try {
                lines.add(each.reason() + ": it counts as lost, and is "
                        + each.file().putAside().getFileName() + " now");
            } catch (IOException refused) {
                lines.add(each.reason() + ": it counts as lost: " + InterceptException.reason(refused));
            }
        }
        return lines;
    }
}
