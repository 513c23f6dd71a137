package io.portcullis.intercept;

import io.portcullis.linux.netlink.Nic;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * The one owner of a journal while its interface is guarded. Memory changes first and then the disk, so that a disk that is full,
 * read-only or refused keeps nobody from being guarded: what could not be written is written later. Where the interface has a
 * pair of virtual NICs, its alias tells the programs too. Any thread.
 */
final class RestoreLog {
    private final JournalFile file;
    private Journal journal;
    private String trouble = "";

    private RestoreLog(JournalFile file, Journal journal) {
        this.file = file;
        this.journal = journal;
    }

    /** Of a journal that is as the disk has it. */
    static RestoreLog of(JournalFile file, Journal journal) {
        return new RestoreLog(file, journal);
    }

    /** Of a journal that is not on the disk yet, and is written now. */
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
        boolean otherPrograms = !next.programs().equals(journal.programs());
        journal = next;
        write();
        if (otherPrograms) {
            tellAlias();
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

    private void tellAlias() {
        try {
            Optional<Nic> near = Pairs.nearOf(journal);
            if (near.isPresent()) {
                Pairs.tell(near.get(), journal);
            }
        } catch (IOException refused) {
            trouble = trouble.isEmpty() ? reason(refused) : trouble;
        }
    }

    private static String reason(IOException refused) {
        return refused instanceof FileSystemException file && file.getReason() != null
                ? file.getFile() + ": " + file.getReason()
                : NicSetup.reason(refused);
    }

    /** Writes again what could not be written. */
    synchronized void retry() {
        if (!trouble.isEmpty()) {
            write();
            tellAlias();
        }
    }

    /** Why it is not on the disk, in one line; none: it is. */
    synchronized List<String> warnings() {
        return trouble.isEmpty()
                ? List.of()
                : List.of(journal.interfaceName()
                        + ": what a stop must restore can't be noted (it is known to this process, and"
                        + " noted when that works again): " + trouble);
    }
}
