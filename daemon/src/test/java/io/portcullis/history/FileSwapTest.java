package io.portcullis.history;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.config.files.SourceText;
import io.portcullis.linux.OwnedFile;
import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The files of a configuration are replaced by those of another one, on disks and in folders of every kind. */
@Timeout(60)
final class FileSwapTest {
    @TempDir
    Path parent;

    private Path folder;
    private Path main;
    private Path a;

    @BeforeEach
    void create() throws IOException {
        folder = Files.createDirectory(parent.resolve("p"));
        main = Files.writeString(folder.resolve("main.yaml"), "old main");
        a = Files.writeString(folder.resolve("a.yaml"), "old a");
    }

    private static SourceText text(Path file, String yaml) {
        return new SourceText(file.toString(), yaml);
    }

    /** Every file below the folder, hidden ones too, with its text or its link's target. */
    private Map<String, String> disk() throws IOException {
        TreeMap<String, String> disk = new TreeMap<>();
        try (Stream<Path> all = Files.walk(parent)) {
            for (Path each : all.filter(one -> !Files.isDirectory(one, LinkOption.NOFOLLOW_LINKS))
                    .toList()) {
                disk.put(
                        parent.relativize(each).toString(),
                        Files.isSymbolicLink(each)
                                ? "> " + parent.relativize(Files.readSymbolicLink(each))
                                : Files.isRegularFile(each) ? Files.readString(each) : "special");
            }
        }
        return disk;
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void onlyDifferingFilesAreWritten() throws IOException {
        Path b = folder.resolve("b.yaml");
        FileSwap swap =
                FileSwap.to(List.of(text(main, "old main"), text(b, "new b")), Set.of(a, folder.resolve("none")));
        assertFalse(swap.isEmpty());
        assertEquals(List.of(b.toString()), swap.writes());
        assertEquals(List.of(a.toString()), swap.removals());
        assertEquals(List.of(), swap.faults());
        Object inode = Files.getAttribute(main, "unix:ino");
        swap.run();
        assertEquals(inode, Files.getAttribute(main, "unix:ino"));
        assertEquals(new TreeMap<>(java.util.Map.of("p/main.yaml", "old main", "p/b.yaml", "new b")), disk());
        assertEquals("rw-r-----", mode(b));
        assertTrue(FileSwap.to(List.of(text(main, "old main"), text(b, "new b")), Set.of(a))
                .isEmpty());
    }

    @Test
    void ownerModeAndAttributesStay() throws Exception {
        assumeTrue(OwnedFile.user() == 0);
        Files.setPosixFilePermissions(main, PosixFilePermissions.fromString("rw-rw-r--"));
        Files.setAttribute(main, "unix:uid", 12_345);
        Files.setAttribute(main, "unix:gid", 23_456);
        Files.setAttribute(main, "user:ticket", "4711".getBytes(StandardCharsets.UTF_8));
        FileSwap.to(List.of(text(main, "new main")), Set.of()).run();
        assertEquals("new main", Files.readString(main));
        assertEquals("rw-rw-r--", mode(main));
        assertEquals(12_345, Files.getAttribute(main, "unix:uid"));
        assertEquals(23_456, Files.getAttribute(main, "unix:gid"));
        assertArrayEquals("4711".getBytes(StandardCharsets.UTF_8), (byte[]) Files.getAttribute(main, "user:ticket"));
    }

    @Test
    void aLinkStaysAndItsTargetIsWritten() throws IOException {
        Path target =
                Files.writeString(Files.createDirectory(parent.resolve("git")).resolve("rules"), "old");
        Files.delete(main);
        Files.createSymbolicLink(main, target);
        Files.createSymbolicLink(parent.resolve("etc"), folder);
        FileSwap swap = FileSwap.to(
                List.of(
                        text(main, "new"),
                        text(parent.resolve("etc/a.yaml"), "new a"),
                        text(parent.resolve("etc/b.yaml"), "new b")),
                Set.of());
        assertEquals(
                List.of(
                        target.toString(),
                        a.toString(),
                        folder.resolve("b.yaml").toString()),
                swap.writes());
        swap.run();
        assertEquals("new", Files.readString(target));
        assertTrue(Files.isSymbolicLink(main));
        assertEquals("new a", Files.readString(a));
        assertEquals("new b", Files.readString(folder.resolve("b.yaml")));
        assertEquals(5, disk().size(), disk().toString());
    }

    @Test
    void aDanglingLinkIsRefused() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("l.yaml"), parent.resolve("gone/x.yaml"));
        var before = disk();
        FileSystemException refused =
                assertThrows(FileSystemException.class, () -> FileSwap.to(List.of(text(link, "new")), Set.of()));
        assertEquals("a link that leads nowhere", refused.getReason());
        assertEquals(before, disk());
        FileSwap.to(List.of(), Set.of(link)).run();
        assertFalse(Files.exists(link, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void twoNamesOfOneFileWithTwoTextsAreRefused() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("l.yaml"), a);
        FileSystemException refused = assertThrows(
                FileSystemException.class, () -> FileSwap.to(List.of(text(a, "one"), text(link, "other")), Set.of()));
        assertEquals(
                link + " -> " + a + ": both names lead to one file, and should have different texts",
                refused.getMessage());
        FileSwap.to(List.of(text(a, "same"), text(link, "same")), Set.of()).run();
        assertEquals("same", Files.readString(link));
        // The link is part of the configuration, its target under its own name is not.
        assertThrows(FileSystemException.class, () -> FileSwap.to(List.of(text(link, "new")), Set.of(a)));
    }

    @Test
    void aSecondNameOfTheInodeKeepsTheOldText() throws IOException {
        Path backup = Files.createLink(folder.resolve("a.yaml.bak"), a);
        FileSwap.to(List.of(text(a, "new a")), Set.of()).run();
        assertEquals("new a", Files.readString(a));
        assertEquals("old a", Files.readString(backup));
        // Two included names: each has its text.
        Path b = Files.createLink(folder.resolve("b.yaml"), a);
        FileSwap.to(List.of(text(a, "a"), text(b, "b")), Set.of()).run();
        assertEquals("a", Files.readString(a));
        assertEquals("b", Files.readString(b));
    }

    @Test
    void aFileInANewFolderIsWritten() throws IOException {
        Path deep = folder.resolve("sub/deep/x.yaml");
        FileSwap swap = FileSwap.to(List.of(text(deep, "x")), Set.of());
        assertEquals(List.of(), swap.faults());
        swap.run();
        assertEquals("x", Files.readString(deep));
        assertEquals("rwxr-x---", mode(folder.resolve("sub/deep")));
    }

    @Test
    void anythingButAFileIsRefusedBeforeAnythingChanges() throws Exception {
        Path pipe = folder.resolve("pipe.yaml");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        Path sub = Files.createDirectory(folder.resolve("sub.yaml"));
        var before = disk();
        for (Path odd : List.of(pipe, sub)) {
            assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
                FileSystemException refused = assertThrows(
                        FileSystemException.class,
                        () -> FileSwap.to(List.of(text(a, "new a"), text(odd, "x")), Set.of()));
                assertEquals(odd + ": not a regular file", refused.getMessage());
            });
        }
        // A file on the way.
        assertThrows(
                IOException.class,
                () -> FileSwap.to(List.of(text(a.resolve("x.yaml"), "x")), Set.of())
                        .run());
        assertEquals(before, disk());
    }

    @Test
    void aVeryLargeFileInItsPlaceIsNotRead() throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(a.toFile(), "rw")) {
            sparse.setLength(8L << 30);
        }
        FileSystemException refused =
                assertThrows(FileSystemException.class, () -> FileSwap.to(List.of(text(a, "new a")), Set.of()));
        assertTrue(String.valueOf(refused.getMessage()).startsWith(a + ": larger than"), refused.getMessage());
        assertTrue(FileSwap.undo(List.of(text(a, "new a")), List.of(text(a, "old a")))
                .isEmpty());
        FileSwap.to(List.of(), Set.of(a)).run();
        assertFalse(Files.exists(a));
    }

    @Test
    void aFullDiskChangesNothing() throws Exception {
        assumeTrue(OwnedFile.user() == 0);
        Path disk = Files.createDirectory(parent.resolve("disk"));
        SmallTmpfs.run(disk, 128 << 10, () -> {
            Path one = Files.writeString(disk.resolve("one.yaml"), "old");
            Path two = Files.writeString(disk.resolve("two.yaml"), "old");
            List<SourceText> texts = List.of(
                    text(one, "1".repeat(40_000)), text(two, "2".repeat(80_000)), text(disk.resolve("sub/x"), "x"));
            IOException full = assertThrows(
                    IOException.class, () -> FileSwap.to(texts, Set.of()).run());
            assertTrue(String.valueOf(full.getMessage()).contains("No space left"), full.getMessage());
            assertEquals("old", Files.readString(one));
            assertEquals("old", Files.readString(two));
            try (Stream<Path> left = Files.list(disk)) {
                assertEquals(List.of(one, two), left.sorted().toList());
            }
            SmallTmpfs.makeReadOnly(disk);
            FileSwap readOnly = FileSwap.to(List.of(text(one, "new")), Set.of());
            assertThrows(IOException.class, readOnly::run);
            assertEquals("old", Files.readString(one));
            return null;
        });
    }

    /** The second file can't get its name: a folder was made in between. */
    @Test
    void aFailureInTheMiddleRestoresAll() throws IOException {
        assumeTrue(OwnedFile.user() == 0);
        Path gone = Files.writeString(folder.resolve("gone.yaml"), "old gone");
        Files.setPosixFilePermissions(gone, PosixFilePermissions.fromString("rw-rw-r--"));
        Files.setPosixFilePermissions(a, PosixFilePermissions.fromString("rw-rw-r--"));
        Files.setAttribute(gone, "unix:uid", 12_345);
        Path link = Files.createSymbolicLink(folder.resolve("link.yaml"), main);
        Path last = folder.resolve("last.yaml");
        FileSwap swap = FileSwap.to(List.of(text(a, "new a"), text(last, "last")), Set.of(gone, link));
        Files.createDirectories(last.resolve("in/the/way"));
        var before = disk();
        assertThrows(IOException.class, swap::run);
        assertEquals(before, disk());
        assertEquals("rw-rw-r--", mode(gone));
        assertEquals(12_345, Files.getAttribute(gone, "unix:uid"));
        assertEquals("rw-rw-r--", mode(a));
    }

    /** Every state that an interruption leaves: the files that differ are replaced and removed in any order. */
    @Test
    void everyPrefixIsUndone() throws IOException {
        Path b = folder.resolve("b.yaml");
        Path added = folder.resolve("sub/added.yaml");
        List<SourceText> old = List.of(text(main, "old main"), text(a, "old a"), text(b, "old b"));
        List<SourceText> next = List.of(text(main, "new main"), text(a, "new a"), text(added, "new"));
        Files.writeString(b, "old b");
        var before = disk();
        List<Step> steps = List.of(
                () -> Files.writeString(folder.resolve(".main.yaml.portcullis-new"), "half"),
                () -> Files.writeString(main, "new main"),
                () -> Files.writeString(a, "new a"),
                () -> Files.createDirectories(folder.resolve("sub")),
                () -> Files.writeString(folder.resolve("sub/.added.yaml.portcullis-new"), "ne"),
                () -> Files.writeString(added, "new"),
                () -> Files.delete(b));
        for (int done = 0; done <= steps.size(); done++) {
            for (Step step : steps.subList(0, done)) {
                step.run();
            }
            FileSwap undo = FileSwap.undo(next, old);
            undo.run();
            assertEquals(before, disk(), "after " + done);
            assertTrue(FileSwap.undo(next, old).isEmpty());
        }
        for (int bits = 0; bits < 16; bits++) {
            int chosen = bits;
            for (int i = 0; i < 4; i++) {
                if ((chosen & (1 << i)) != 0) {
                    steps.get(List.of(1, 2, 5, 6).get(i)).run();
                }
            }
            FileSwap.undo(next, old).run();
            assertEquals(before, disk(), "files " + bits);
        }
    }

    @FunctionalInterface
    private interface Step {
        void run() throws IOException;
    }

    @Test
    void editsOfOthersMeanwhileStay() throws IOException {
        List<SourceText> old = List.of(text(main, "old main"), text(a, "old a"));
        List<SourceText> next = List.of(text(main, "new main"), text(a, "new a"), text(folder.resolve("x.yaml"), "x"));
        Files.writeString(main, "new main");
        Files.writeString(a, "mine");
        Files.writeString(folder.resolve("x.yaml"), "mine too");
        FileSwap undo = FileSwap.undo(next, old);
        assertEquals(List.of(main.toString()), undo.writes());
        assertEquals(List.of(), undo.removals());
        undo.run();
        assertEquals("old main", Files.readString(main));
        assertEquals("mine", Files.readString(a));
        assertEquals("mine too", Files.readString(folder.resolve("x.yaml")));
        // Removed by the change, and made again by another process.
        Files.writeString(a, "mine");
        assertTrue(FileSwap.undo(List.of(text(main, "old main")), old).isEmpty());
        // An edit that came between the plan and the swap is replaced like the file that was planned.
        Files.delete(a);
        FileSwap.undo(List.of(text(main, "new main")), old).run();
        assertEquals("old a", Files.readString(a));
    }

    @Test
    void anEditThatCameMeanwhileIsKeptAndEverythingElseIsAsBefore() throws IOException {
        Path fresh = folder.resolve("fresh.yaml");
        Map<String, @Nullable String> before = new HashMap<>();
        before.put(main.toString(), "old main");
        before.put(a.toString(), "old a");
        before.put(fresh.toString(), null);
        List<SourceText> wanted = List.of(text(main, "new main"), text(a, "new a"), text(fresh, "new"));
        for (Path edited : List.of(main, a, fresh)) {
            Files.writeString(main, "old main");
            Files.writeString(a, "old a");
            Files.deleteIfExists(fresh);
            FileSwap swap = FileSwap.to(wanted, Set.of()).expecting(before);
            Files.writeString(edited, "by hand");
            Map<String, String> disk = disk();
            assertThrows(FileSwap.EditedMeanwhile.class, swap::run, edited.toString());
            assertEquals(disk, disk());
        }
        Files.writeString(a, "old a");
        Files.delete(fresh);
        FileSwap.to(wanted, Set.of()).expecting(before).run();
        assertEquals("new main", Files.readString(main));
        assertEquals("new", Files.readString(fresh));
    }

    /** What {@link FileSwap#faults} says to a user who is not root; a program of its own, as the user is the process's; the test reads its output. */
    static final class AsUser {
        private AsUser() {}

        public static void main(String[] arguments) throws IOException {
            List<SourceText> texts = new ArrayList<>();
            for (String file : arguments) {
                texts.add(new SourceText(file, "new"));
            }
            FileSwap swap = FileSwap.to(texts, Set.of());
            swap.faults().forEach(fault -> System.out.println("FAULT " + fault));
            if (swap.faults().isEmpty()) {
                swap.run();
                System.out.println("DONE");
            }
        }
    }

    private List<String> asUser(int user, int group, Path... files) throws Exception {
        // It may read everything, as the classes may be root's, and write what any user may.
        List<String> command = new ArrayList<>(List.of(
                "setpriv",
                "--reuid=" + user,
                "--regid=" + group,
                "--clear-groups",
                "--inh-caps=-all,+dac_read_search",
                "--ambient-caps=-all,+dac_read_search",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                AsUser.class.getName()));
        for (Path file : files) {
            command.add(file.toString());
        }
        Path output = Files.createTempFile("portcullis", ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            assertTrue(process.waitFor(50, TimeUnit.SECONDS), "hangs");
            List<String> lines = Files.readAllLines(output);
            return process.exitValue() == 0
                    ? lines.stream()
                            .filter(line -> line.matches("(FAULT |DONE).*"))
                            .toList()
                    : lines;
        } finally {
            Files.delete(output);
        }
    }

    private static void own(Path file, int user, int group) throws IOException {
        Files.setAttribute(file, "unix:uid", user);
        Files.setAttribute(file, "unix:gid", group);
    }

    @Test
    @Tag("slow")
    void aUserWithoutPermissionGetsTheCommandThatHelps() throws Exception {
        assumeTrue(OwnedFile.user() == 0);
        for (Path each = parent; each != null && !each.equals(each.getRoot()); each = each.getParent()) {
            if (!Files.getPosixFilePermissions(each)
                    .contains(java.nio.file.attribute.PosixFilePermission.OTHERS_EXECUTE)) {
                Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
            }
        }
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (Path file : List.of(main, a)) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        }
        own(main, 54_321, 54_321);
        assertEquals(
                List.of(
                        "FAULT " + folder
                                + " can't be written by user 54321, as which portcullis runs: sudo chown 54321 "
                                + folder + ", and in the unit ReadWritePaths=" + folder,
                        "FAULT " + a
                                + " belongs to user 0, and portcullis runs as user 54321, which can't keep that owner: sudo chown"
                                + " 54321:54321 " + a),
                asUser(54_321, 54_321, main, a));
        own(folder, 54_321, 54_321);
        own(a, 54_321, 0);
        assertEquals(
                List.of("FAULT " + a
                        + " belongs to group 0, of which portcullis is no member, and it can't keep that group: sudo chgrp 54321 "
                        + a),
                asUser(54_321, 54_321, main, a));
        assertEquals("old a", Files.readString(a));
        own(a, 54_321, 54_321);
        assertEquals(List.of("DONE"), asUser(54_321, 54_321, main, a));
        assertEquals("new", Files.readString(Objects.requireNonNull(a)));
        assertEquals(54_321, Files.getAttribute(a, "unix:uid"));
        assertEquals("rw-r--r--", mode(a));
    }
}
