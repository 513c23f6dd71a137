package io.portcullis.flowstore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.FileLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TableFileTest {
    @TempDir
    Path folder;

    private Path state() {
        return folder.resolve("state");
    }

    private Path directory() throws IOException {
        Path directory = Files.createDirectory(folder.resolve("shared"));
        TableSet.note(state(), directory);
        return directory;
    }

    /** Two daemons may use one directory: the removal of one daemon's tables leaves the other's. */
    @Test
    void onlyTablesThatNobodyUsesAreRemoved() throws IOException {
        Path directory = directory();
        Path unused = table(directory, "flows-web0");
        Files.createDirectory(directory.resolve("flows-web0.old"));
        Path used = table(directory, "flows-web1");
        Path strange = Files.createDirectory(directory.resolve("flows-of-somebody"));
        try (FileLock _ =
                FileLock.take(directory.resolve("flows-web1.lock"), "other").orElseThrow()) {
            TableFile.removeAll(state());
            assertTrue(
                    FileLock.take(directory.resolve("flows-web1.lock"), "none").isEmpty());
        }
        assertFalse(Files.exists(unused));
        assertFalse(Files.exists(directory.resolve("flows-web0.lock")));
        assertFalse(Files.exists(directory.resolve("flows-web0.old")));
        assertTrue(Files.exists(used.resolve("0")));
        assertTrue(Files.exists(strange));
        assertFalse(Files.exists(state().resolve("flows")));
    }

    @Test
    void inAFolderWritableByOthersNothingIsRemoved() throws IOException {
        Path directory = directory();
        Path table = table(directory, "flows-web0");
        for (Path open : new Path[] {directory, state(), state().resolve("flows")}) {
            String before = PosixFilePermissions.toString(Files.getPosixFilePermissions(open));
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
            IOException refused = assertThrows(IOException.class, () -> TableFile.removeAll(state()));
            assertTrue(refused.toString().contains(open + " may be written by others"), refused.toString());
            assertTrue(Files.exists(table));
            Files.setPosixFilePermissions(open, PosixFilePermissions.fromString(before));
        }
    }

    @Test
    void aNoteThatIsHalfLeadsNowhere() throws IOException {
        Path table = table(directory(), "flows-web0");
        Files.writeString(state().resolve("flows"), "");
        assertEquals(
                state().resolve("flows") + " does not name a folder: ",
                assertThrows(IOException.class, () -> TableFile.removeAll(state()))
                        .getMessage());
        assertTrue(Files.exists(table));
    }

    private static Path table(Path directory, String name) throws IOException {
        Path folder = Files.createDirectory(directory.resolve(name));
        Files.createFile(folder.resolve("0"));
        Files.createFile(directory.resolve(name + ".lock"));
        return folder;
    }
}
