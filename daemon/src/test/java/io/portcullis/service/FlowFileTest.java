package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FlowFileTest {
    /** Two daemons may have one directory; what one gives back is not the other's. */
    @Test
    void onlyTablesThatNobodyUsesAreRemoved(@TempDir Path folder) throws IOException {
        Path directory = Files.createDirectory(folder.resolve("shared"));
        Path unused = table(directory, "flows-web0");
        Path used = table(directory, "flows-web1");
        Path strange = Files.createDirectory(directory.resolve("flows-of-somebody"));
        Path state = folder.resolve("state");
        FlowFiles.note(state, directory);
        try (FileChannel other = FileChannel.open(
                directory.resolve("flows-web1.lock"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            assertTrue(other.tryLock().isValid());
            FlowFile.removeAll(state);
        }
        assertFalse(Files.exists(unused));
        assertFalse(Files.exists(directory.resolve("flows-web0.lock")));
        assertTrue(Files.exists(used.resolve("0")));
        assertTrue(Files.exists(strange));
    }

    private static Path table(Path directory, String name) throws IOException {
        Path folder = Files.createDirectory(directory.resolve(name));
        Files.createFile(folder.resolve("0"));
        Files.createFile(directory.resolve(name + ".lock"));
        return folder;
    }
}
