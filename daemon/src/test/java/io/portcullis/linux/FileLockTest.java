package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
final class FileLockTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void file() {
        file = folder.resolve("lock");
    }

    @Test
    void itsHolderIsNamed() throws IOException {
        assertEquals(Optional.empty(), FileLock.holder(file));
        try (FileLock _ = FileLock.take(file, "web0 of pid 7").orElseThrow()) {
            assertEquals(Optional.of("web0 of pid 7"), FileLock.holder(file));
            assertTrue(FileLock.take(file, "another").isEmpty());
        }
        assertEquals(Optional.empty(), FileLock.holder(file));
    }

    /** The folder may be another user's: root reads the holder there. */
    @Test
    void aHostileFileIsNeitherFollowedNorAwaitedNorReadInWhole() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "secret");
        try (FileLock _ = FileLock.take(secret, "secret").orElseThrow()) {
            Files.createSymbolicLink(file, secret);
            String refusal = assertThrows(ErrnoException.class, () -> FileLock.holder(file))
                    .toString();
            assertTrue(refusal.contains("ELOOP"), refusal);
        }
        Files.delete(file);
        assertEquals(0, new ProcessBuilder("mkfifo", file.toString()).start().waitFor(), "mkfifo");
        assertEquals(Optional.empty(), FileLock.holder(file));
        // The lock of a FIFO, held.
        try (FileLock _ = FileLock.take(file, "").orElseThrow()) {
            assertEquals(Optional.of(""), FileLock.holder(file));
        }
        Files.delete(file);
        try (FileLock _ = FileLock.take(file, "x".repeat(1 << 20)).orElseThrow()) {
            assertEquals(200, FileLock.holder(file).orElseThrow().length());
        }
    }

    @Test
    void aLockThatIsRemovedCanBeTakenAnew() throws IOException {
        FileLock.take(file, "the first").orElseThrow().remove();
        assertFalse(Files.exists(file));
        try (FileLock _ = FileLock.take(file, "the second").orElseThrow()) {
            assertEquals(Optional.empty(), FileLock.take(file, "the third"));
        }
    }

    /** The holder of a deleted file does not block the new file of the same name. */
    @Test
    void aFileThatWasReplacedIsAnotherLock() throws IOException {
        try (FileLock _ = FileLock.take(file, "old").orElseThrow()) {
            Files.delete(file);
            try (FileLock _ = FileLock.take(file, "fresh").orElseThrow()) {
                assertEquals(Optional.of("fresh"), FileLock.holder(file));
            }
        }
    }

    @Test
    void aSymbolicLinkIsNotFollowed() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "precious");
        Files.createSymbolicLink(file, target);
        assertThrows(IOException.class, () -> FileLock.take(file, "words"));
        assertEquals("precious", Files.readString(target));
    }
}
