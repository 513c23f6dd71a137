package io.portcullis.flowstore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.Config;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.guard.AutoFlows;
import io.portcullis.history.LastGood;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.policy.Policy;
import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders that are full, read-only or owned by another user; their creation needs root. */
@Tag("netns")
final class HostileFolderTest {
    private static final int NOBODY = 65534;
    private static final long KIB = 1 << 10;

    /** One worker's table of 3,000 flows takes 469 KiB, and so do two of 1,500. */
    private static final long ONE_SET = 600 * KIB;

    private static final List<SourceText> GOOD = List.of(new SourceText("/etc/p.yaml", "version: 1\n"));

    @TempDir
    Path directory;

    private TableSet open(int workers) throws Exception {
        return TableSet.open(
                "web0",
                directory,
                TableSetTest.policy().maxFlows(),
                new FlowTimeouts(TableSetTest.policy()::timeoutNs),
                workers,
                false);
    }

    private static void giveAway(Path file) throws IOException {
        Files.setAttribute(file, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
    }

    @Test
    void withoutSpaceTheTablesAreInMemoryAndNothingIsLeftBehind() throws Exception {
        SmallTmpfs.run(directory, 100 * KIB, () -> {
            try (TableSet tables = open(1)) {
                TableSetTest.assertInMemory(tables, "ENOSPC");
                assertFalse(tables.found());
                assertFalse(Files.exists(TableSet.folder(directory, "web0")));
                assertFalse(Files.exists(directory.resolve("flows-web0.new")));
            }
            return 0;
        });
    }

    /** A directory that other files fill. */
    @Test
    void aFullDirectoryDoesNotMakeTheTablesSmall() throws Exception {
        Config config = ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: host, nic: out0, security-groups: [web]}}
                security-groups: {web: {}}
                conntrack: {directory: %s}
                """.formatted(directory), "auto.yaml");
        long empty = SmallTmpfs.run(directory, 1 << 20, () -> AutoFlows.of(config, "web0", Set.of()));
        assertEquals((1 << 20) / 4 / TableSet.flowBytes(), empty);
        long full = SmallTmpfs.run(directory, 1 << 20, () -> {
            Files.write(directory.resolve("filler"), new byte[1020 << 10]);
            return AutoFlows.of(config, "web0", Set.of());
        });
        assertTrue(full > 10_000, full + " flows");
    }

    @Test
    void tablesThatWereMovedAsideAreRemovedForSpace() throws Exception {
        SmallTmpfs.run(directory, ONE_SET, () -> {
            Files.write(directory.resolve("flows-web0.7.aside"), new byte[(int) (300 * KIB)]);
            try (TableSet tables = open(1)) {
                assertEquals(Optional.empty(), tables.trouble());
            }
            assertFalse(Files.exists(directory.resolve("flows-web0.7.aside")));
            return 0;
        });
    }

    /** The old and the new tables together do not fit. */
    @Test
    void anotherNumberOfWorkersLosesNoFlowWhenSpaceIsShort() throws Exception {
        SmallTmpfs.run(directory, ONE_SET, () -> {
            for (int workers : new int[] {1, 2, 1, 3}) {
                try (TableSet tables = open(workers)) {
                    TableSetTest.fill(tables);
                    assertEquals(Optional.empty(), tables.trouble());
                }
            }
            try (TableSet tables = open(2)) {
                assertTrue(tables.found());
                assertEquals(Optional.empty(), tables.trouble());
                assertEquals(300, TableSetTest.size(tables));
            }
            return 0;
        });
    }

    /** Another file uses the free space. */
    @Test
    void theFlowsStayInMemoryIfNotEvenTheNewTablesFit() throws Exception {
        SmallTmpfs.run(directory, 2 * ONE_SET, () -> {
            try (TableSet tables = open(1)) {
                TableSetTest.fill(tables);
            }
            Path table = TableSet.folder(directory, "web0").resolve("0");
            Files.write(directory.resolve("filler"), new byte[(int) (2 * ONE_SET - Files.size(table) - 50 * KIB)]);
            Policy larger = Policy.compile(ConfigReader.parse("""
                            version: 1
                            interfaces: {web0: {mode: host, nic: out0, security-groups: [web]}}
                            security-groups: {web: {}}
                            conntrack: {max-flows: 6000}
                            """, "larger.yaml"), "web0", 1, 1000);
            try (TableSet tables = TableSet.open(
                    "web0", directory, larger.maxFlows(), new FlowTimeouts(larger::timeoutNs), 1, false)) {
                assertTrue(tables.trouble().orElse("").contains("ENOSPC"), tables.trouble()::toString);
                assertTrue(tables.found());
                assertEquals(300, TableSetTest.size(tables));
            }
            assertFalse(Files.exists(table), "nobody comes to believe it later");
            return 0;
        });
    }

    @Test
    void aReadOnlyDirectoryIsNotUsed() throws Exception {
        SmallTmpfs.run(directory, 2 * ONE_SET, () -> {
            SmallTmpfs.makeReadOnly(directory);
            try (TableSet tables = open(1)) {
                TableSetTest.assertInMemory(tables, "can't be used");
            }
            return 0;
        });
    }

    /** A tmpfs like /dev/shm, where all users may create files. */
    @Test
    void aStickyWorldWritableDirectoryIsNotUsedWhateverIsInIt() throws Exception {
        Path folder = TableSet.folder(directory, "web0");
        try (TableSet tables = open(1)) {
            TableSetTest.fill(tables);
        }
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setAttribute(directory, "unix:mode", 01777);
        giveAway(folder);
        giveAway(folder.resolve("0"));
        giveAway(directory.resolve("flows-web0.lock"));
        try (TableSet tables = open(1)) {
            TableSetTest.assertInMemory(tables, "may be written by others");
            assertFalse(tables.found());
            // The owner of that file can do no harm now.
            Files.write(folder.resolve("0"), new byte[0]);
            TableSetTest.fill(tables);
            tables.delete();
        }
        assertTrue(Files.exists(folder.resolve("0")), "it is not ours to remove");
        assertEquals(0, TableSet.capacity(directory, "web0"));
    }

    @Test
    void aFolderALockOrATableOfAnotherUserIsNotUsed() throws Exception {
        Path folder = TableSet.folder(directory, "web0");
        open(1).close();
        giveAway(folder);
        try (TableSet tables = open(1)) {
            TableSetTest.assertInMemory(tables, folder + " belongs to user 65534");
        }
        Files.setAttribute(folder, "unix:uid", 0);
        Path lock = directory.resolve("flows-web0.lock");
        giveAway(lock);
        try (TableSet tables = open(1)) {
            TableSetTest.assertInMemory(tables, lock + " belongs to user 65534");
        }
        Files.setAttribute(lock, "unix:uid", 0);
        giveAway(folder.resolve("0"));
        try (TableSet tables = open(1)) {
            assertEquals(Optional.empty(), tables.trouble());
            assertFalse(tables.found());
            assertTrue(Files.exists(directory.resolve("flows-web0.0.aside")));
        }
    }

    @Test
    void aFolderAboveThatAnotherUserMayRenameIsNotTrusted() throws Exception {
        Path above = Files.createDirectory(directory.resolve("above"));
        Path inner = Files.createDirectory(above.resolve("inner"));
        assertEquals(Optional.empty(), TrustedFolder.fault(inner));
        giveAway(above);
        assertTrue(TrustedFolder.fault(inner).orElse("").startsWith(above + " belongs to"));
        Path link =
                Files.createSymbolicLink(directory.resolve("link"), Files.createDirectory(directory.resolve("real")));
        assertEquals(Optional.empty(), TrustedFolder.fault(link));
        giveAway(link);
        assertTrue(TrustedFolder.fault(link).orElse("").startsWith(link + " belongs to"));
    }

    @Test
    void theLastGoodConfigurationSurvivesAFullDisk() throws Exception {
        SmallTmpfs.run(directory, 64 * KIB, () -> {
            LastGood lastGood = new LastGood(directory, Path.of("/etc/p.yaml"));
            assertEquals(Optional.empty(), lastGood.keep(GOOD));
            List<SourceText> large = List.of(
                    new SourceText("/etc/p.yaml", "version: 1\n"), new SourceText("/etc/q.yaml", "#".repeat(100_000)));
            String trouble = lastGood.keep(large).orElse("");
            assertTrue(trouble.contains("No space left on device"), trouble);
            assertEquals(new LastGood.Found.Kept(GOOD), lastGood.find());
            try (Stream<Path> files = Files.list(lastGood.folder())) {
                assertEquals(2, files.count(), "a file that could not be kept uses no space");
            }
            SmallTmpfs.makeReadOnly(directory);
            trouble = lastGood.keep(List.of(new SourceText("/etc/p.yaml", "other")))
                    .orElse("");
            assertTrue(trouble.contains("Read-only file system"), trouble);
            assertEquals(new LastGood.Found.Kept(GOOD), lastGood.find());
            assertEquals(Optional.empty(), lastGood.keep(GOOD), "what is kept already needs no writing");
            return 0;
        });
    }

    @Test
    void theLastGoodConfigurationOfAnotherUserIsNotObeyed() throws Exception {
        LastGood lastGood = new LastGood(directory, Path.of("/etc/p.yaml"));
        assertEquals(Optional.empty(), lastGood.keep(GOOD));
        giveAway(lastGood.folder());
        assertTrue(assertInstanceOf(LastGood.Found.Nothing.class, lastGood.find())
                .reason()
                .contains("belongs to user 65534"));
        assertTrue(lastGood.keep(GOOD).orElse("").contains("belongs to user 65534"));
    }
}
