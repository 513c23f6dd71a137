package io.portcullis.config.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are not written yet, instead of those on a disk and beside them. */
final class OverlayTest {
    @TempDir
    Path folder;

    private static List<String> matches(Overlay overlay, Path in, String glob) throws IOException {
        List<String> names = new ArrayList<>();
        overlay.matches(FilePattern.glob(in, glob)).forEach(names::add);
        return names;
    }

    @Test
    void aGlobFindsBothSorted() throws IOException {
        for (String name : new String[] {"a.yaml", "c.yaml", ".hidden.yaml", "d.txt"}) {
            Files.writeString(folder.resolve(name), "disk");
        }
        Map<Path, String> texts = Map.of(
                folder.resolve("b.yaml"), "",
                folder.resolve("c.yaml"), "",
                folder.resolve(".more.yaml"), "",
                folder.resolve("sub.yaml/x.yaml"), "");
        Overlay beside = new Overlay(texts, null, Set.of());
        assertEquals(List.of("a.yaml", "b.yaml", "c.yaml", "sub.yaml"), matches(beside, folder, "*.yaml"));
        assertEquals(List.of(".hidden.yaml", ".more.yaml"), matches(beside, folder, ".*.yaml"));
        assertEquals(List.of("x.yaml"), matches(beside, folder.resolve("sub.yaml"), "*"));
        assertEquals(
                List.of("b.yaml", "c.yaml", "sub.yaml"),
                matches(new Overlay(texts, folder, Set.of()), folder, "*.yaml"));
        assertEquals(
                List.of("b.yaml", "c.yaml", "sub.yaml"),
                matches(
                        new Overlay(texts, null, Set.of(folder.resolve("a.yaml"), folder.resolve("c.yaml"))),
                        folder,
                        "*.yaml"));
        assertEquals(List.of("c.yaml"), matches(beside, folder.resolve("none/../sub.yaml/.."), "c*"));
    }

    @Test
    void aDanglingLinkIsFoundByAGlobAsInAShell() throws IOException {
        Files.createSymbolicLink(folder.resolve("a.yaml"), folder.resolve("gone"));
        assertEquals(List.of("a.yaml"), matches(Overlay.NONE, folder, "*.yaml"));
        assertEquals(List.of("a.yaml"), matches(new Overlay(Map.of(), null, Set.of()), folder, "*.yaml"));
        assertEquals(List.of(), matches(new Overlay(Map.of(), folder, Set.of()), folder, "*.yaml"));
    }

    @Test
    void overlaidAndHiddenFilesAreNotReadFromTheDisk() throws IOException {
        Path disk = Files.writeString(folder.resolve("a.yaml"), "disk");
        assertTrue(Overlay.NONE.isOnDisk(disk));
        assertTrue(Overlay.NONE.exists(disk));
        for (Overlay without :
                List.of(new Overlay(Map.of(), folder, Set.of()), new Overlay(Map.of(), null, Set.of(disk)))) {
            assertFalse(without.isOnDisk(disk));
            assertFalse(without.exists(disk));
            assertFalse(without.isOnDisk(folder.resolve("sub/../a.yaml")));
        }
        Overlay with = new Overlay(Map.of(disk, "text"), folder, Set.of(disk));
        assertEquals("text", with.text(folder.resolve("./sub/../a.yaml")).orElseThrow());
        assertFalse(with.isOnDisk(disk));
        assertTrue(with.exists(disk));
        assertTrue(with.exists(folder));
        // Another folder with the same beginning of its name does not contain the file.
        Path neighbour = Files.writeString(folder.resolveSibling(folder.getFileName() + "x.yaml"), "");
        try {
            assertTrue(with.isOnDisk(neighbour));
        } finally {
            Files.delete(neighbour);
        }
    }

    @Test
    void aNameIsAFileOrAFolderAsTheOverlaySays() throws IOException {
        Files.createDirectories(folder.resolve("folder.yaml"));
        Files.writeString(folder.resolve("file.yaml"), "disk");
        Overlay swapped = new Overlay(
                Map.of(folder.resolve("folder.yaml"), "text", folder.resolve("file.yaml/x.yaml"), ""), null, Set.of());
        assertFalse(swapped.isFolder(folder.resolve("folder.yaml")));
        assertTrue(swapped.isFolder(folder.resolve("file.yaml")));
        assertTrue(swapped.isFolder(folder));
        assertFalse(swapped.isFolder(folder.resolve("file.yaml/x.yaml")));
        assertFalse(swapped.isFolder(folder.resolve("none")));
        Overlay owned = new Overlay(Map.of(), folder, Set.of());
        assertFalse(owned.isFolder(folder.resolve("folder.yaml")));
    }

    @Test
    void tenThousandFilesAreFoundInTime() throws IOException {
        Map<Path, String> texts = new HashMap<>();
        for (int i = 0; i < 10_000; i++) {
            Files.createFile(folder.resolve("disk" + i + ".yaml"));
            texts.put(folder.resolve("new" + i + ".yaml"), "");
        }
        Overlay both = new Overlay(texts, null, Set.of());
        Overlay owned = new Overlay(texts, folder, Set.of());
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            assertEquals(20_000, matches(both, folder, "*.yaml").size());
            assertEquals(10_000, matches(owned, folder, "*.yaml").size());
        });
    }
}
