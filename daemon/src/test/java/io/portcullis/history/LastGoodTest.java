package io.portcullis.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.files.SourceText;
import io.portcullis.linux.FileName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LastGoodTest {
    private static final List<SourceText> FIRST = List.of(
            new SourceText("/etc/p/main.yaml", "version: 1\ninclude: [more/*.yaml]\n"),
            new SourceText("/etc/p/more/a.yaml", "# caf\u00e9 \ud83d\ude00\n"));
    private static final List<SourceText> SECOND = List.of(new SourceText("/etc/p/main.yaml", "version: 1\n"));
    private static final Path MAIN = Path.of("/etc/p/main.yaml");

    @TempDir
    Path lasting;

    private LastGood lastGood() {
        return new LastGood(lasting, MAIN);
    }

    private void keep(List<SourceText> texts) {
        assertEquals(Optional.empty(), lastGood().keep(texts));
    }

    private void assertKept(List<SourceText> texts) {
        assertEquals(new LastGood.Found.Kept(texts), lastGood().find());
    }

    private void assertNothing(String reason) {
        LastGood.Found.Nothing nothing =
                assertInstanceOf(LastGood.Found.Nothing.class, lastGood().find());
        assertTrue(nothing.reason().contains(reason), nothing.reason());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(lastGood().folder())) {
            return files.sorted().toList();
        }
    }

    private Path copy(int number) throws IOException {
        return files().get(number);
    }

    @Test
    void theKeptConfigurationIsFoundUnchanged() throws IOException {
        assertNothing("none is kept");
        keep(FIRST);
        assertKept(FIRST);
        keep(SECOND);
        assertKept(SECOND);
        assertEquals(2, files().size(), () -> "an index and a copy");
        assertEquals("version: 1\n", Files.readString(copy(0)));
        for (Path file : files()) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }
        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(lastGood().folder())));
    }

    @Test
    void twoConfigurationsDoNotMeet() {
        keep(FIRST);
        LastGood other = new LastGood(lasting, Path.of("/etc/p/other.yaml"));
        assertInstanceOf(LastGood.Found.Nothing.class, other.find());
        assertEquals(Optional.empty(), other.keep(SECOND));
        assertKept(FIRST);
    }

    @Test
    void aPathOfAnyLengthHasAFolder() {
        Path deep = Path.of("/" + "a folder/".repeat(400) + "main.yaml");
        LastGood lastGood = new LastGood(lasting, deep);
        assertEquals(Optional.empty(), lastGood.keep(FIRST));
        assertEquals(new LastGood.Found.Kept(FIRST), lastGood.find());
    }

    @Test
    void unchangedFilesAreNotWritten() throws IOException {
        keep(FIRST);
        FileTime longAgo = FileTime.from(Instant.EPOCH);
        for (Path file : files()) {
            Files.setLastModifiedTime(file, longAgo);
        }
        keep(FIRST);
        for (Path file : files()) {
            assertEquals(longAgo, Files.getLastModifiedTime(file));
        }
    }

    /** Each state that a crash may leave while SECOND is being kept after FIRST. */
    @Test
    void aCrashBetweenAnyTwoStepsLeavesOneOfTheTwo() throws IOException {
        keep(SECOND);
        TreeMap<String, byte[]> second = new TreeMap<>();
        for (Path file : files()) {
            second.put(file.getFileName().toString(), Files.readAllBytes(file));
        }
        keep(FIRST);
        String text = second.firstKey();
        byte[] bytes = second.firstEntry().getValue();
        Path folder = lastGood().folder();
        Files.write(folder.resolve(text + ".new"), new byte[] {bytes[0]});
        assertKept(FIRST);
        Files.write(folder.resolve(text + ".new"), bytes);
        assertKept(FIRST);
        Files.move(folder.resolve(text + ".new"), folder.resolve(text));
        assertKept(FIRST);
        Files.write(folder.resolve("index.json.new"), second.get("index.json"));
        assertKept(FIRST);
        Files.move(folder.resolve("index.json.new"), folder.resolve("index.json"), StandardCopyOption.REPLACE_EXISTING);
        assertKept(SECOND);
        assertEquals(4, files().size(), () -> "the copies of FIRST are left");

        Files.write(folder.resolve("0-0123456789abcdef.yaml.new"), new byte[1]);
        keep(FIRST);
        assertKept(FIRST);
        assertEquals(3, files().size());
    }

    @Test
    void aDamagedConfigurationIsNotUsedAndIsKeptAgain() throws IOException {
        keep(FIRST);
        Path damaged = copy(1);
        byte[] whole = Files.readAllBytes(damaged);
        byte[] half = Arrays.copyOf(whole, whole.length / 2);
        Files.write(damaged, half);
        assertNothing(damaged + " is damaged");
        keep(FIRST);
        assertKept(FIRST);
        Files.delete(damaged);
        assertNothing(damaged + ": no such file");
        keep(FIRST);
        assertKept(FIRST);
        Path index = lastGood().folder().resolve("index.json");
        for (String wrong : List.of("", "{", "null", "[]", "{\"configuration\": \"/etc/p/main.yaml\"}")) {
            Files.writeString(index, wrong);
            assertNothing("can't be read");
            keep(FIRST);
            assertKept(FIRST);
        }
        Files.writeString(index, Files.readString(index).replace("main.yaml\"", "other.yaml\""));
        assertNothing("is of /etc/p/other.yaml");
    }

    @Test
    void aLaterVersionsIndexIsRead() throws IOException {
        keep(FIRST);
        Path index = lastGood().folder().resolve("index.json");
        Files.writeString(index, Files.readString(index).replaceFirst("\\{", "{\"since\": 5,"));
        assertKept(FIRST);
    }

    @Test
    void anIndexDoesNotLeadOutOfItsFolder() throws IOException {
        keep(FIRST);
        Path outside = Files.writeString(lasting.resolve("outside.yaml"), "version: 1\n");
        Files.writeString(
                lastGood().folder().resolve("index.json"), """
                {"configuration": "/etc/p/main.yaml", "files": [{"name": "x", "stored": "../../outside.yaml", "sha256": "%s"}]}
                """.formatted(FileName.sha256(Files.readAllBytes(outside))));
        assertNothing("stored ../../outside.yaml");
    }

    @Test
    void inAFolderWritableByOthersNothingIsKeptOrUsed() throws IOException {
        keep(FIRST);
        Files.setPosixFilePermissions(lastGood().folder(), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertNothing("may be written by others");
        Optional<String> trouble = lastGood().keep(SECOND);
        assertTrue(trouble.orElse("").contains("may be written by others"), trouble::toString);
    }

    /** Opening such a pipe waits until somebody writes to it. */
    @Test
    void aPipeOfOthersDoesNotBlockTheReload() throws Exception {
        keep(FIRST);
        Path index = lastGood().folder().resolve("index.json");
        Files.delete(index);
        assertEquals(0, new ProcessBuilder("mkfifo", index.toString()).start().waitFor());
        Files.setPosixFilePermissions(lastGood().folder(), PosixFilePermissions.fromString("rwxrwxrwx"));
        Optional<String> trouble = assertTimeoutPreemptively(
                Duration.ofSeconds(20), () -> lastGood().keep(SECOND));
        assertTrue(trouble.orElse("").contains("may be written by others"), trouble::toString);
    }

    @Test
    void aFailureToKeepItIsReportedWithItsReason() throws IOException {
        Files.writeString(lasting.resolve("last-good"), "a file where the folder should be");
        Optional<String> trouble = lastGood().keep(FIRST);
        assertTrue(trouble.orElse("").contains("is not kept"), trouble::toString);
    }
}
