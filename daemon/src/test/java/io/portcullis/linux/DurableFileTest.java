package io.portcullis.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are written whole or not at all. */
final class DurableFileTest {
    private static final byte[] OLD = "old".getBytes(StandardCharsets.UTF_8);
    private static final byte[] NEW = "new".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path folder;

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(each -> each.getFileName().toString()).sorted().toList();
        }
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void aFileIsReplacedAndNothingElseIsLeft() throws IOException {
        Path file = folder.resolve("a.json");
        DurableFile.write(file, OLD);
        // A file that an interruption has left.
        Files.writeString(folder.resolve("a.json.new"), "half");
        DurableFile.write(file, NEW);
        assertArrayEquals(NEW, Files.readAllBytes(file));
        assertEquals(List.of("a.json"), names());
        assertEquals("rw-------", mode(file));
        DurableFile.write(file, new byte[0]);
        assertEquals(0, Files.size(file));
        byte[] large = new byte[1_000_001];
        Arrays.fill(large, (byte) 'x');
        DurableFile.write(file, large);
        assertArrayEquals(large, Files.readAllBytes(file));
    }

    @Test
    void aLinkIsReplacedAndItsTargetStays() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "precious");
        Path file = Files.createSymbolicLink(folder.resolve("a.json"), target);
        Files.createSymbolicLink(folder.resolve("a.json.new"), target);
        DurableFile.write(file, NEW);
        assertEquals("precious", Files.readString(target));
        assertTrue(Files.isRegularFile(file) && !Files.isSymbolicLink(file));
    }

    @Test
    void aFolderInItsPlaceStays() throws IOException {
        Path file = folder.resolve("a.json");
        Files.createDirectories(file.resolve("sub"));
        assertThrows(IOException.class, () -> DurableFile.write(file, NEW));
        assertEquals(List.of("a.json"), names());
        Files.createDirectories(folder.resolve("b.json.new/sub"));
        assertThrows(IOException.class, () -> DurableFile.write(folder.resolve("b.json"), NEW));
        assertEquals(List.of("a.json", "b.json.new"), names());
    }

    @Test
    void aMissingFolderIsAFailure() {
        assertThrows(IOException.class, () -> DurableFile.write(folder.resolve("none/a.json"), NEW));
        assertThrows(IOException.class, () -> DurableFile.force(folder.resolve("none")));
        assertThrows(IOException.class, () -> DurableFile.makeFolder(folder.resolve("none/sub")));
    }

    @Test
    void aFolderIsMadeOnceAndForItsOwner() throws IOException {
        Path made = folder.resolve("made");
        DurableFile.makeFolder(made);
        assertEquals("rwx------", mode(made));
        Files.writeString(made.resolve("kept"), "");
        DurableFile.makeFolder(made);
        assertTrue(Files.exists(made.resolve("kept")));
        Path link = Files.createSymbolicLink(folder.resolve("link"), made);
        assertThrows(IOException.class, () -> DurableFile.makeFolder(link));
    }

    @Test
    void aFullDiskLeavesTheOldFile() throws Exception {
        assumeTrue(OwnedFile.user() == 0);
        SmallTmpfs.run(folder, 64 << 10, () -> {
            Path file = folder.resolve("a.json");
            DurableFile.write(file, OLD);
            IOException full = assertThrows(IOException.class, () -> DurableFile.write(file, new byte[100_000]));
            assertTrue(String.valueOf(full.getMessage()).contains("No space left"), full.getMessage());
            assertArrayEquals(OLD, Files.readAllBytes(file));
            assertEquals(List.of("a.json"), names());
            SmallTmpfs.makeReadOnly(folder);
            IOException refused = assertThrows(IOException.class, () -> DurableFile.write(file, NEW));
            assertTrue(FileFault.text(refused).contains("Read-only file system"), FileFault.text(refused));
            return null;
        });
    }
}
