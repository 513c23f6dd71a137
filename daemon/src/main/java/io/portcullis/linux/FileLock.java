package io.portcullis.linux;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lock file (flock(2)) that one process at a time holds. The kernel releases the lock when that process ends in any way; the file
 * stays, unless {@link #remove} deletes it. The file contains a text by its holder. Safe only in a folder where no other user may
 * create files.
 */
public final class FileLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FileLock.class);

    private static final int ATTEMPTS = 100;

    /** Bytes. */
    private static final int LONGEST_WORDS = 200;

    private final Path file;
    private final int fd;

    private FileLock(Path file, int fd) {
        this.file = file;
        this.fd = fd;
    }

    /**
     * Takes the lock; creates the file (mode 0600) if there is none.
     *
     * @param words text about this process, for {@link #holder}
     * @return empty if the lock is held through another open file, of this process or another
     * @throws ErrnoException ELOOP: it is a symbolic link; EACCES, ENOENT, ENOSPC: as open(2) says
     */
    public static Optional<FileLock> take(Path file, String words) throws ErrnoException {
        for (int attempt = 1; ; attempt++) {
            int fd = OwnedFile.open(file, LibcFiles.O_RDWR | LibcFiles.O_CREAT);
            int refused = LibcFiles.flock(fd, LibcFiles.LOCK_EX | LibcFiles.LOCK_NB);
            // A file that was deleted between open and flock locks nothing.
            if (refused == 0 && !isStill(file, fd) && attempt < ATTEMPTS) {
                Libc.close(fd);
                continue;
            }
            if (refused < 0) {
                Libc.close(fd);
                if (refused == -Errno.EAGAIN) {
                    return Optional.empty();
                }
                throw new ErrnoException("flock(" + file + ")", -refused);
            }
            sign(fd, words);
            return Optional.of(new FileLock(file, fd));
        }
    }

    private static boolean isStill(Path file, int fd) {
        try {
            return Files.isSameFile(file, OwnedFile.opened(fd));
        } catch (IOException gone) {
            return false;
        }
    }

    private static void sign(int fd, String words) {
        try {
            Files.writeString(OwnedFile.opened(fd), words);
        } catch (IOException full) {
            // Only the lock matters; the text is for the operator.
            LOG.debug("the holder of a lock is not noted", full);
        }
    }

    /**
     * The holder's text, at most 200 bytes; empty text if the file is not a regular one. Works in another user's folder, too.
     *
     * @return empty if the lock is free, or there is no such file
     * @throws IOException ELOOP: it is a symbolic link; EACCES: no permission
     */
    public static Optional<String> holder(Path file) throws IOException {
        int fd;
        try {
            fd = OwnedFile.open(file, LibcFiles.O_NONBLOCK);
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw refused;
        }
        try {
            int refused = LibcFiles.flock(fd, LibcFiles.LOCK_SH | LibcFiles.LOCK_NB);
            if (refused == 0) {
                return Optional.empty();
            }
            if (refused != -Errno.EAGAIN) {
                throw new ErrnoException("flock(" + file + ")", -refused);
            }
            return Optional.of(words(OwnedFile.opened(fd)));
        } catch (NoSuchFileException gone) {
            return Optional.empty();
        } finally {
            Libc.close(fd);
        }
    }

    private static String words(Path opened) throws IOException {
        if (!Files.isRegularFile(opened)) {
            return "";
        }
        try (InputStream bytes = Files.newInputStream(opened)) {
            return new String(bytes.readNBytes(LONGEST_WORDS), StandardCharsets.UTF_8).strip();
        }
    }

    /** Deletes the file and releases the lock. Once, instead of {@link #close}. */
    public void remove() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException kept) {
            // A free lock file does no harm: the next process takes it.
            LOG.debug("{} was not deleted", file, kept);
        }
        close();
    }

    /** Releases the lock. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
