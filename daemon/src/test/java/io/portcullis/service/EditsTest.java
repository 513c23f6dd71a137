package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Without the kernel's help: a folder that is not there can't be watched. */
final class EditsTest {
    @TempDir
    private Path folder;

    @Test
    void aFileThatComesLaterIsSeen() throws IOException {
        Path file = folder.resolve("etc/portcullis.yaml");
        AtomicInteger edits = new AtomicInteger();
        try (Edits seen = new Edits(file, edits::incrementAndGet)) {
            seen.watch(Set.of(folder.resolve("etc")));
            assertFalse(seen.areSeen());
            seen.look();
            assertEquals(0, edits.get());
            Files.createDirectories(file.getParent());
            Files.writeString(file, "version: 1\n");
            seen.look();
            seen.look();
            assertEquals(1, edits.get());
            Files.writeString(file, "version: 1\ninterfaces: {}\n");
            seen.look();
            assertEquals(2, edits.get());
            seen.watch(Set.of(folder.resolve("etc")));
            assertTrue(seen.areSeen());
        }
    }
}
