package io.portcullis.intercept;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The one owner of a journal while its interface is guarded. Memory changes first and the disk second: a disk that is full, read-only or
 * refused keeps no interface unguarded, and a failed write is tried again. Where the interface has a pair of virtual NICs, the alias of the
 * pair lists the programs too. Any thread.
 */
final class RestoreLog {
    private final JournalFile file;
    private Journal journal;
    private String trouble = "";

    /** Owns a journal as it was read from its file. */
    RestoreLog(JournalFile file, Journal journal) {
        this.file = file;
        this.journal = journal;
    }

    /** Owns a new journal, and writes it. */
    static RestoreLog begin(JournalFile file, Journal journal) {
        RestoreLog log = new RestoreLog(file, journal);
        log.write();
        return log;
    }

    synchronized Journal journal() {
        return journal;
    }

    /** Changes the journal, and writes it. */
    synchronized void note(UnaryOperator<Journal> change) {
        Journal next = change.apply(journal);
        if (next.equals(journal)) {
            return;
        }
        boolean hasOtherPrograms = !next.programs().equals(journal.programs());
        journal = next;
        write();
        if (hasOtherPrograms) {
            writeAlias();
        }
    }

    private void write() {
        try {
            file.writeOrDelete(journal);
            trouble = "";
        } catch (IOException refused) {
            trouble = reason(refused);
        }
    }

    private void writeAlias() {
        try {
            VethPairs.writeAlias(journal);
        } catch (IOException refused) {
            trouble = trouble.isEmpty() ? reason(refused) : trouble;
        }
    }

    private static String reason(IOException refused) {
        return refused instanceof FileSystemException file && file.getReason() != null
                ? file.getFile() + ": " + file.getReason()
                : InterceptException.reason(refused);
    }

    /** Tries a failed write again. */
    synchronized void retry() {
        if (!trouble.isEmpty()) {
            write();
            writeAlias();
        }
    }

    /** Why the journal is not on the disk, in one line; none: it is. */
    synchronized List<String> warnings() {
        return trouble.isEmpty()
                ? List.of()
                : List.of(journal.interfaceName()
                        + ": what a stop must restore can't be noted (it is known to this process, and"
                        + " noted when that works again): " + trouble);
    }
}
