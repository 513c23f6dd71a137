package io.portcullis.intercept;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The journals of a folder, read once. A journal that can't be read counts as lost: its programs and pairs are recognised without it
 * ({@link OwnObjects}).
 *
 * @param ofThisBoot in the order of their names
 * @param before journals of earlier boots, whose NICs don't exist any more
 * @param broken files that are not journals, and why
 * @param faults files that can't be read, or belong to a user whom we do not trust: one line each
 */
record Journals(List<Found> ofThisBoot, List<Found> before, List<Broken> broken, List<String> faults) {
    /** A journal and its file. */
    record Found(JournalFile file, Journal journal) {}

    /** A file that is not a journal. */
    record Broken(JournalFile file, String reason) {}

    /**
     * Reads the journals. Changes nothing.
     *
     * @param folder may be missing
     * @throws IOException if the kernel does not report the id of this boot
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
            // Another process has restored it since the folder was listed.
            return;
        } catch (JournalFile.OfAnotherUser other) {
            faults.add(InterceptException.reason(other));
        } catch (IOException unreadable) {
            broken.add(new Broken(file, InterceptException.reason(unreadable)));
        }
    }

    /** Renames the files that are not journals; lines for the log. */
    List<String> putAside() {
        List<String> lines = new ArrayList<>();
        for (Broken lost : broken) {
            try {
                lines.add(lost.reason() + ": it counts as lost, and is "
                        + lost.file().putAside().getFileName() + " now");
            } catch (IOException refused) {
                lines.add(lost.reason() + ": it counts as lost: " + InterceptException.reason(refused));
            }
        }
        return lines;
    }
}
