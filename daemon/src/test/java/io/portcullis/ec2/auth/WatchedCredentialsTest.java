package io.portcullis.ec2.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.linux.OwnedFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WatchedCredentialsTest {
    private static final String SECRET = "s3cr3tS3CR3T/+s3cr3tS3CR3T/+s3cr3tS3CR3T";
    private static final String LOST = "; no access key is valid";
    private static final String KEPT =
            "; the keys that were read before are still valid, also those that were removed since";

    @TempDir
    private Path folder;

    private Path file;
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);

    @BeforeEach
    void write() throws IOException {
        file = folder.resolve("keys");
        write(text("A1", "A2"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private static String text(String... ids) {
        StringBuilder text = new StringBuilder();
        for (String id : ids) {
            text.append("[" + id + "]\naws_access_key_id = " + id + "\naws_secret_access_key = " + SECRET + "\n");
        }
        return text.toString();
    }

    private void write(String text) throws IOException {
        Files.writeString(file, text);
    }

    private WatchedCredentials watch() {
        return new WatchedCredentials(file, Optional.empty(), nanos::get);
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    /** The keys that are valid after the next look. */
    private List<String> next(WatchedCredentials watched) {
        pass(WatchedCredentials.INTERVAL);
        return valid(watched);
    }

    private static List<String> valid(WatchedCredentials watched) {
        Credentials keys = watched.get();
        return Stream.of("A1", "A2", "A3")
                .filter(id -> keys.find(id).isPresent())
                .toList();
    }

    @Test
    void anEditIsValidAfterASecond() throws Exception {
        WatchedCredentials watched = watch();
        assertEquals(List.of("A1", "A2"), valid(watched));
        write(text("A2", "A3"));
        pass(WatchedCredentials.INTERVAL.minusNanos(1));
        assertEquals(List.of("A1", "A2"), valid(watched), "not read too often");
        pass(Duration.ofNanos(1));
        assertEquals(List.of("A2", "A3"), valid(watched));
        assertEquals(Optional.empty(), watched.trouble());
    }

    @Test
    void anUnchangedFileGivesTheSameKeys() {
        WatchedCredentials watched = watch();
        Credentials before = watched.get();
        pass(WatchedCredentials.INTERVAL);
        assertTrue(before == watched.get());
    }

    /** Of the same length, and with the time of the old one: as a restored backup may have it. */
    @Test
    void anEditThatShowsInTheContentOnlyIsSeen() throws Exception {
        WatchedCredentials watched = watch();
        var time = Files.getLastModifiedTime(file);
        write(text("A1", "A3"));
        Files.setLastModifiedTime(file, time);
        assertEquals(List.of("A1", "A3"), next(watched));
    }

    @Test
    void aReplacedFileIsRead() throws Exception {
        WatchedCredentials watched = watch();
        Path replacement = folder.resolve("new");
        Files.writeString(replacement, text("A3"));
        Files.setPosixFilePermissions(replacement, PosixFilePermissions.fromString("rw-------"));
        Files.move(replacement, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        assertEquals(List.of("A3"), next(watched));
    }

    @Test
    void aFaultKeepsTheKeysUntilItIsCorrected() throws Exception {
        WatchedCredentials watched = watch();
        write(text("A3") + "x");
        assertEquals(List.of("A1", "A2"), next(watched));
        String trouble = watched.trouble().orElseThrow();
        assertEquals(file + ":4:1: not a profile, a comment or a setting with an equals sign" + KEPT, trouble);
        pass(Duration.ofHours(1));
        assertEquals(List.of("A1", "A2"), next(watched));
        assertEquals(Optional.of(trouble), watched.trouble());
        write(text("A3"));
        assertEquals(List.of("A3"), next(watched));
        assertEquals(Optional.empty(), watched.trouble());
    }

    @Test
    void aFileThatIsWrittenInPiecesKeepsTheKeysUntilItIsWhole() throws Exception {
        WatchedCredentials watched = watch();
        String whole = text("A3");
        for (int length = 0; length < whole.indexOf(SECRET) + 16; length++) {
            write(whole.substring(0, length));
            assertEquals(List.of("A1", "A2"), next(watched), length + " bytes");
            assertTrue(watched.trouble().orElseThrow().endsWith(KEPT));
        }
        write(whole);
        assertEquals(List.of("A3"), next(watched));
    }

    @Test
    void aFileThatIsGoneForAMomentKeepsTheKeys() throws Exception {
        WatchedCredentials watched = watch();
        Files.delete(file);
        assertEquals(List.of("A1", "A2"), next(watched));
        assertEquals(Optional.empty(), watched.trouble());
        write();
        assertEquals(List.of("A1", "A2"), next(watched));
    }

    @Test
    void aDeletedFileLeavesNoKeyValid() throws Exception {
        WatchedCredentials watched = watch();
        Files.delete(file);
        pass(WatchedCredentials.GRACE.minusNanos(1));
        assertEquals(List.of("A1", "A2"), valid(watched));
        pass(WatchedCredentials.INTERVAL);
        assertEquals(List.of(), valid(watched));
        assertEquals(Optional.of(file + ": no such file" + LOST), watched.trouble());
        write();
        assertEquals(List.of("A1", "A2"), next(watched));
        assertEquals(Optional.empty(), watched.trouble());
    }

    /** A key that is no longer valid does not come back by a fault. */
    @Test
    void aFaultAfterALossKeepsNothing() throws Exception {
        WatchedCredentials watched = watch();
        Files.delete(file);
        pass(WatchedCredentials.GRACE);
        assertEquals(List.of(), valid(watched));
        write();
        write("x");
        assertEquals(List.of(), next(watched));
        assertTrue(watched.trouble().orElseThrow().endsWith(LOST));
    }

    @Test
    void aFileThatOthersMayReadLeavesNoKeyValidAtOnce() throws Exception {
        WatchedCredentials watched = watch();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertEquals(List.of(), next(watched));
        assertEquals(
                Optional.of(file + ": may be read by others than its owner (mode 0644), and has secrets: chmod 600, and"
                        + " replace the keys if others could read them" + LOST),
                watched.trouble());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertEquals(List.of("A1", "A2"), next(watched));
    }

    @Test
    void aFileOfAnotherUserLeavesNoKeyValidAtOnce() throws Exception {
        assumeTrue(OwnedFile.user() == 0, "chown needs root");
        WatchedCredentials watched = watch();
        Files.setAttribute(file, "unix:uid", 4_321);
        assertEquals(List.of(), next(watched));
        assertTrue(watched.trouble().orElseThrow().contains("belongs to user 4321"));
    }

    @Test
    void anotherKindOfFileLeavesNoKeyValidAtOnce() throws Exception {
        WatchedCredentials watched = watch();
        Path moved = Files.move(file, folder.resolve("moved"));
        Files.createSymbolicLink(file, moved);
        assertEquals(List.of(), next(watched));
        Files.delete(file);
        Files.createDirectory(file);
        assertEquals(List.of(), next(watched));
        assertTrue(watched.trouble().orElseThrow().contains("not a regular file"));
    }

    @Test
    void aFaultAtTheStartIsATrouble() throws Exception {
        Files.delete(file);
        WatchedCredentials watched = watch();
        assertEquals(List.of(), valid(watched));
        assertEquals(Optional.of(file + ": no such file" + LOST), watched.trouble());
        write();
        assertEquals(List.of("A1", "A2"), next(watched));
    }

    @Test
    void nothingShowsASecret() throws Exception {
        WatchedCredentials watched = watch();
        assertFalse(watched.toString().contains(SECRET));
        for (String faulty : Arrays.asList(text("A1") + SECRET, text("A1").replace("A1", SECRET))) {
            write(faulty);
            next(watched);
            assertFalse(watched.trouble().orElseThrow().contains(SECRET.substring(0, 8)));
        }
    }
}
