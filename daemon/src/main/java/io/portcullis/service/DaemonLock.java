package io.portcullis.service;

import io.portcullis.guard.StartException;
import io.portcullis.linux.BootId;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.FileLock;
import io.portcullis.linux.StateFolder;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Marks that a daemon runs in this network namespace: {@code daemon.lock} in the folder of its state. Where the folder is full, missing or
 * hostile the daemon runs without the lock: the rules are enforced all the same.
 *
 * @param lock null: none is held
 * @param trouble why none is held; empty: one is
 * @param followsAnother true: another daemon had it since the boot, and its NICs were not restored since
 */
record DaemonLock(@Nullable FileLock lock, String trouble, boolean followsAnother) implements AutoCloseable {
    /** A process that only asks for the holder takes the lock for a moment. */
    private static final int ATTEMPTS = 4;

    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(50);

    /** Its file, for processes that ask for the holder. */
    static Path file(Path state) {
        return StateFolder.lock(state);
    }

    /** Takes the lock; creates the folder where there is none. {@code configuration}: the file that this daemon runs from, for others. */
    static DaemonLock take(Path state, Path configuration) throws StartException {
        try {
            TrustedFolder.make(state);
            Optional<String> fault = TrustedFolder.fault(state);
            if (fault.isPresent()) {
                // The owner of the folder decides whether its notes are trusted, not whether another daemon runs.
                Optional<String> other = FileLock.holder(file(state));
                if (other.isPresent()) {
                    throw anotherRuns(other.get());
                }
                return new DaemonLock(null, fault.get(), false);
            }
            String boot = "boot " + BootId.read();
            boolean followsAnother =
                    Files.exists(file(state)) && Files.readString(file(state)).contains(boot);
            String words = "pid " + ProcessHandle.current().pid() + ", " + configuration + ", " + boot;
            for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                Optional<FileLock> taken = FileLock.take(file(state), words);
                if (taken.isPresent()) {
                    return new DaemonLock(taken.get(), "", followsAnother);
                }
                LockSupport.parkNanos(PAUSE_NS);
            }
            throw anotherRuns(FileLock.holder(file(state)).orElse("its lock is " + file(state)));
        } catch (ErrnoException refused) {
            return new DaemonLock(null, String.valueOf(refused.getMessage()), false);
        } catch (IOException refused) {
            return new DaemonLock(null, refused.toString(), false);
        }
    }

    private static StartException anotherRuns(String words) {
        return new StartException(List.of(
                "another portcullis runs here: " + words + ": stop that one, or add its interfaces to one file"));
    }

    /** Releases the lock of a daemon that has guarded nothing: the next one does not follow it. Once, in place of {@link #close}. */
    void forget() {
        if (lock != null && !followsAnother) {
            lock.remove();
        } else {
            close();
        }
    }

    @Override
    public void close() {
        if (lock != null) {
            lock.close();
        }
    }
}
