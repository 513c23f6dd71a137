package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.guard.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DaemonLockTest {
    private static final Path FILE = Path.of("/etc/portcullis/portcullis.yaml");

    @TempDir
    private Path folder;

    @Test
    void aSecondDaemonIsRefusedByTheNameOfTheFirst() throws StartException {
        try (DaemonLock first = DaemonLock.take(folder.resolve("run"), FILE)) {
            assertEquals("", first.trouble());
            assertFalse(first.followsAnother());
            StartException refused =
                    assertThrows(StartException.class, () -> DaemonLock.take(folder.resolve("run"), FILE));
            assertTrue(
                    refused.faults()
                            .getFirst()
                            .contains("pid " + ProcessHandle.current().pid() + ", " + FILE),
                    refused.getMessage());
        }
    }

    @Test
    void aDeadDaemonIsRememberedUntilTheNicsAreGivenBack() throws StartException, IOException {
        DaemonLock.take(folder, FILE).close();
        try (DaemonLock second = DaemonLock.take(folder, FILE)) {
            assertTrue(second.followsAnother());
        }
        Files.delete(DaemonLock.file(folder));
        try (DaemonLock third = DaemonLock.take(folder, FILE)) {
            assertFalse(third.followsAnother());
        }
    }

    /** Otherwise systemd's next attempt would admit a start that was refused. */
    @Test
    void aDaemonThatHasGuardedNothingIsForgotten() throws StartException {
        DaemonLock.take(folder, FILE).forget();
        DaemonLock second = DaemonLock.take(folder, FILE);
        assertFalse(second.followsAnother());
        second.close();
        DaemonLock third = DaemonLock.take(folder, FILE);
        assertTrue(third.followsAnother());
        third.forget();
        try (DaemonLock fourth = DaemonLock.take(folder, FILE)) {
            assertTrue(fourth.followsAnother(), "the NICs of the second are still as it left them");
        }
    }

    @Test
    void aDaemonOfAnEarlierBootIsForgotten() throws StartException, IOException {
        Files.writeString(DaemonLock.file(folder), "pid 7, " + FILE + ", boot 00000000-0000-0000-0000-000000000000");
        try (DaemonLock lock = DaemonLock.take(folder, FILE)) {
            assertFalse(lock.followsAnother());
        }
    }

    @Test
    void anUntrustedFolderDisablesTheLockOnly() throws StartException, IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        try (DaemonLock without = DaemonLock.take(folder, FILE)) {
            assertTrue(without.trouble().contains("may be written by others"), without.trouble());
        }
        try (DaemonLock without = DaemonLock.take(Path.of("/dev/null/portcullis"), FILE)) {
            assertFalse(without.trouble().isEmpty());
        }
    }
}
