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
 * A file that one process at a time holds (flock(2)): however that process ends, the lock goes with it; the file stays, unless
 * it is removed with the lock. It holds the words of who has it. Worth something only in a folder where nobody else may make
 * files.
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
     * Takes the lock; makes the file (mode 0600) where there is none.
     *
     * @param words who we are, for {@link #holder}
     * @return empty where another open file has it, of this process or of another
     * @throws ErrnoException ELOOP: it is a symbolic link; EACCES, ENOENT, ENOSPC: as open(2) says
     */
    public static Optional<FileLock> take(Path file, String words) throws ErrnoException {
        for (int attempt = 1; ; attempt++) {
            int fd = OwnedFile.open(file, LibcFiles.O_RDWR | LibcFiles.O_CREAT);
            int refused = LibcFiles.flock(fd, LibcFiles.LOCK_EX | LibcFiles.LOCK_NB);
            // One that was removed between our open and our lock locks nothing.
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
            // The lock counts; its words are for people.
            LOG.debug("the holder of a lock is not noted", full);
        }
    }

    /**
     * The words of who holds it, the first 200 bytes of them; none where the file is no regular one. May be asked about a folder
     * of somebody else, too.
     *
     * @return empty where nobody does, or there is no such file
     * @throws IOException ELOOP: it is a symbolic link; EACCES: we may not look
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

    /** Removes the file and gives the lock back. Once, instead of {@link #close}. */
    public void remove() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException kept) {
            // A lock that nobody holds is as good as none: the next one takes it.
            LOG.debug("{} stays behind", file, kept);
        }
        close();
    }

    /** Gives it back. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
