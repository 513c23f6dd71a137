package io.portcullis.journal;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.SystemdSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.KeyValuePair;

/** Sends entries to systemd's journal, by its native protocol: one datagram for each. Any thread. */
public final class JournalSocket {
    private static final String ADDRESS = "/run/systemd/journal/socket";
    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");

    private final String address;

    /** {@code address}: the path of the journal's socket. */
    JournalSocket(String address) {
        this.address = address;
    }

    /** The journal that standard error of this process is connected to; empty: it is something else. */
    public static Optional<JournalSocket> ofStandardError() {
        return isJournal(System.getenv("JOURNAL_STREAM"), STANDARD_ERROR)
                ? Optional.of(new JournalSocket(ADDRESS))
                : Optional.empty();
    }

    /**
     * Whether a file is the stream that systemd has made for the output of this service (systemd.exec(5)).
     *
     * @param stream value of {@code JOURNAL_STREAM}: device and inode; null: not set
     */
    static boolean isJournal(@Nullable String stream, Path file) {
        if (stream == null) {
            return false;
        }
        try {
            Object device = Files.getAttribute(file, "unix:dev");
            Object inode = Files.getAttribute(file, "unix:ino");
            return stream.equals(Objects.requireNonNull(device) + ":" + Objects.requireNonNull(inode));
        } catch (IOException unknown) {
            return false;
        }
    }

    /**
     * Sends one entry. Waits a second at the most, while the journal does not read.
     *
     * @param priority of syslog(3), 3 (error) to 7 (debug)
     * @param message may have several lines
     * @param fields an {@link Event} among them gives the entry its id; others are sent under their keys
     * @return false: the journal does not have it. It does not run, reads nothing, or the entry is longer than a datagram
     */
    public boolean send(int priority, String message, List<KeyValuePair> fields) {
        try {
            SystemdSocket.send(address, JournalEntry.of(priority, message, fields));
            return true;
        } catch (ErrnoException refused) {
            return false;
        }
    }
}
