package io.portcullis.ec2.auth;

import io.portcullis.config.ConfigException;
import io.portcullis.linux.FileFault;
import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys of a credentials file that may be edited at any time. An edit is valid after {@link #INTERVAL} at most. What happens to the
 * keys that were read before:
 *
 * <ul>
 *   <li>The text has a fault, or only half of it is written: they stay valid, a key that was removed in the same edit too, until the
 *       fault is corrected or the file is deleted.
 *   <li>There is no file: they stay valid for {@link #GRACE}, because some editors delete a file before they write it again. After that no
 *       key is valid until the file is there again.
 *   <li>Others may read the file, it belongs to another user, or it can't be read: no key is valid from that moment on.
 * </ul>
 *
 * <p>In all three cases {@link #trouble} says so. Any thread may call any method; {@link #get} reads the file, so no event loop calls it.
 */
public final class WatchedCredentials implements Supplier<Credentials> {
    private static final Logger LOG = LoggerFactory.getLogger(WatchedCredentials.class);

    /** The longest time for which an edit goes unnoticed by a call. */
    public static final Duration INTERVAL = Duration.ofSeconds(1);

    /** The time for which keys stay valid without their file. */
    public static final Duration GRACE = Duration.ofSeconds(3);

    private final Path file;
    private final Optional<Path> systemd;
    private final LongSupplier nanoTime;
    private final ReentrantLock reading = new ReentrantLock();

    private volatile Credentials keys = Credentials.NONE;
    private volatile long looked;

    /** Empty: none. */
    private volatile String trouble = "";

    /** What was read last, with or without faults; null: nothing could be read. Under the lock. */
    private @Nullable OwnedFile last;

    /** When the file was there last. Under the lock. */
    private long present;

    /**
     * Reads the file. A fault is no error: it is a trouble until it is corrected.
     *
     * @param systemd as for {@link CredentialsFile#read}
     * @param nanoTime a clock that never goes back, in nanoseconds: {@code System::nanoTime}
     */
    public WatchedCredentials(Path file, Optional<Path> systemd, LongSupplier nanoTime) {
        this.file = file;
        this.systemd = systemd;
        this.nanoTime = nanoTime;
        long now = nanoTime.getAsLong();
        present = now - GRACE.toNanos();
        look(now);
    }

    /** The keys that are valid now; reads the file if the last look is older than {@link #INTERVAL}. */
    @Override
    public Credentials get() {
        long now = nanoTime.getAsLong();
        if (now - looked >= INTERVAL.toNanos() && reading.tryLock()) {
            try {
                look(now);
            } finally {
                reading.unlock();
            }
        }
        return keys;
    }

    /** What is wrong with the file, in one line without secrets, as of the last look; empty: nothing. */
    public Optional<String> trouble() {
        String now = trouble;
        return now.isEmpty() ? Optional.empty() : Optional.of(now);
    }

    private void look(long now) {
        looked = now;
        try {
            OwnedFile read = CredentialsFile.open(file, systemd);
            present = now;
            if (!read.equals(last)) {
                last = read;
                take(read);
            }
        } catch (NoSuchFileException gone) {
            last = null;
            if (now - present >= GRACE.toNanos()) {
                lose(gone);
            }
        } catch (IOException unsafe) {
            last = null;
            lose(unsafe);
        }
    }

    private void take(OwnedFile read) {
        try {
            Credentials next = CredentialsReader.read(file.toString(), read.text());
            keys = next;
            trouble = "";
            LOG.info("{}: read, number of access keys: {}", file, next.size());
        } catch (ConfigException faults) {
            String first = faults.errors().getFirst().toString();
            note(first
                    + (keys.size() == 0
                            ? "; no access key is valid"
                            : "; the keys that were read before are still valid, also those that were removed since"));
        }
    }

    private void lose(IOException why) {
        keys = Credentials.NONE;
        note(FileFault.text(why) + "; no access key is valid");
    }

    private void note(String text) {
        if (!text.equals(trouble)) {
            LOG.warn("{}", text);
        }
        trouble = text;
    }

    /** Without secrets. */
    @Override
    public String toString() {
        return file + ": " + keys;
    }
}
