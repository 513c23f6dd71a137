package io.portcullis.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.portcullis.config.files.SourceText;
import io.portcullis.linux.OwnedFile;
import io.portcullis.operations.ChangeView;
import io.portcullis.testing.FileTree;
import io.portcullis.testing.SmallTmpfs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbered configurations on a disk that is shared, damaged, full, or gone. */
@Timeout(120)
final class HistoryTest {
    private static final Path MAIN = Path.of("/etc/p/main.yaml");
    private static final ChangeView.By ALICE = new ChangeView.By(0, 1000, "alice", "apply", 4711);
    private static final List<SourceText> FIRST = List.of(
            new SourceText("/etc/p/main.yaml", "version: 1\ninclude: [more/*.yaml]\n"),
            new SourceText("/etc/p/more/a.yaml", "# caf\u00e9 \ud83d\ude00\n"));
    private static final List<SourceText> SECOND = List.of(new SourceText("/etc/p/main.yaml", "version: 1\n"));

    @TempDir
    Path lasting;

    private Path folder() {
        return lasting.resolve("history");
    }

    private Path folder(long number) {
        return folder().resolve(String.format("%06d", number));
    }

    private History loaded() throws IOException {
        return loaded(MAIN);
    }

    private History loaded(Path configuration) throws IOException {
        History history = new History(lasting, configuration);
        history.load();
        return history;
    }

    private static ChangeView draft(String outcome, String note) {
        return new ChangeView(
                0,
                "2026-11-29T20:00:00Z",
                ALICE,
                note,
                "",
                "",
                List.of(),
                7,
                outcome,
                outcome.equals(ChangeView.REFUSED) ? "main.yaml:1:1: no" : "",
                List.of("tcp 22 from anywhere"),
                List.of(),
                List.of(),
                true);
    }

    private static ChangeView applied() {
        return draft(ChangeView.APPLIED, "");
    }

    private static List<Long> numbers(History history) {
        return history.changes().stream().map(ChangeView::change).toList();
    }

    private static List<SourceText> text(String yaml) {
        return List.of(new SourceText("/etc/p/main.yaml", yaml));
    }

    @Test
    void anAddedChangeIsRead() throws IOException {
        History history = loaded();
        assertEquals(1, history.next());
        ChangeView kept = history.add(draft(ChangeView.BEGUN, "why\u0007 \ud83d\ude00\n\"@2\""), FIRST);
        assertEquals(1, kept.change());
        assertEquals("/etc/p/main.yaml", kept.configuration());
        assertEquals(History.sum(FIRST), kept.sha256());
        assertEquals(7, kept.base());
        assertEquals("why\u0007 \ud83d\ude00\n\"@2\"", kept.note());
        assertEquals(2, history.add(applied(), SECOND).change());
        for (History each : List.of(history, loaded())) {
            assertEquals(List.of(1L, 2L), numbers(each));
            assertEquals(kept, each.find(1).orElseThrow());
            assertEquals(FIRST, each.texts(kept));
            assertEquals(3, each.next());
            assertEquals(Optional.empty(), each.find(3));
        }
        ChangeView confirmed = history.conclude(1, ChangeView.CONFIRMED, "by alice (uid 0)");
        assertEquals(kept.with(ChangeView.CONFIRMED, "by alice (uid 0)"), confirmed);
        assertEquals(history.changes(), loaded().changes());
        FileSystemException none =
                assertThrows(FileSystemException.class, () -> history.conclude(9, ChangeView.APPLIED, ""));
        assertEquals("no such change", none.getReason());
    }

    @Test
    void onlyTheOwnerMayReadIt() throws IOException {
        History history = loaded();
        history.add(applied(), FIRST);
        history.setPending(Pending.of(1, 0, Instant.EPOCH, Duration.ofSeconds(60), ""));
        history.conclude(1, ChangeView.CONFIRMED, "");
        try (Stream<Path> all = Files.walk(folder())) {
            for (Path each : all.toList()) {
                assertEquals(
                        Files.isDirectory(each) ? "rwx------" : "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(each)),
                        each.toString());
            }
        }
    }

    @Test
    void namesWithSpacesLinesAndSignsAreKept() throws IOException {
        List<SourceText> odd = List.of(
                new SourceText("/etc/p/a b\nc.yaml", "a: 1\n"),
                new SourceText("/etc/p/../\u202e\ud83d\ude00\".yaml", ""),
                new SourceText("/etc/p/" + "x".repeat(240), "\u0000"));
        ChangeView kept = loaded().add(applied(), odd);
        assertEquals(odd, loaded().texts(kept));
        try (Stream<Path> all = Files.list(folder(1))) {
            assertTrue(all.allMatch(
                    each -> each.getFileName().toString().matches("change.json|[0-2]-[0-9a-f]{16}\\.yaml")));
        }
    }

    @Test
    void theSumIsOfNamesAndTexts() {
        assertNotEquals(History.sum(text("a")), History.sum(text("b")));
        assertNotEquals(History.sum(text("a")), History.sum(List.of(new SourceText("/etc/p/b.yaml", "a"))));
        assertNotEquals(
                History.sum(List.of(new SourceText("a", "1"), new SourceText("b", "2"))),
                History.sum(List.of(new SourceText("b", "2"), new SourceText("a", "1"))));
    }

    @Test
    void equalCopiesAreOneFileThatOutlivesTheOlderChange() throws IOException {
        History history = loaded();
        for (int i = 0; i < 3; i++) {
            history.add(applied(), FIRST);
        }
        Path copy = folder(3)
                .resolve(history.find(3).orElseThrow().files().getFirst().stored());
        assertEquals(3, (int) Files.getAttribute(copy, "unix:nlink"));
        history.prune(1, Set.of());
        assertEquals(List.of(3L), numbers(history));
        assertEquals(1, (int) Files.getAttribute(copy, "unix:nlink"));
        assertEquals(FIRST, history.texts(history.find(3).orElseThrow()));
        assertEquals(List.of(3L), numbers(loaded()));
        // A copy that is damaged is not linked, but written anew.
        Files.writeString(copy, "damaged");
        ChangeView fourth = history.add(applied(), FIRST);
        assertEquals(FIRST, history.texts(fourth));
        FileSystemException damaged = assertThrows(
                FileSystemException.class, () -> history.texts(history.find(3).orElseThrow()));
        assertEquals(copy + ": damaged: its checksum is another one", damaged.getMessage());
    }

    @Test
    void pruneKeepsTheNeededChangesAndTheNewest() throws IOException {
        History history = loaded();
        for (int i = 0; i < 6; i++) {
            history.add(i == 5 ? draft(ChangeView.REFUSED, "") : applied(), text("version: " + i));
        }
        history.prune(2, Set.of(2L, 77L));
        assertEquals(List.of(2L, 5L, 6L), numbers(history));
        history.prune(1, Set.of(2L));
        assertEquals(List.of(2L, 6L), numbers(history));
        // The newest holds the number: were it gone, the number would be given again.
        history.prune(0, Set.of());
        assertEquals(List.of(6L), numbers(loaded()));
        assertEquals(7, loaded().next());
    }

    @Test
    void pruneEndsAtAFolderThatSomebodyHasRemovedOrFilled() throws IOException {
        History history = loaded();
        for (int i = 0; i < 4; i++) {
            history.add(applied(), text("version: " + i));
        }
        try (Stream<Path> all = Files.list(folder(1))) {
            for (Path each : all.toList()) {
                Files.delete(each);
            }
        }
        Files.delete(folder(1));
        Files.createDirectories(folder(2).resolve("notes/of/mine"));
        history.prune(1, Set.of());
        assertEquals(List.of(4L), numbers(history));
        try (Stream<Path> left = Files.list(folder())) {
            assertEquals(
                    List.of("000004"),
                    left.map(each -> each.getFileName().toString())
                            .filter(name -> !name.equals(".lock"))
                            .toList());
        }
    }

    @Test
    void twoDaemonsShareTheNumbersAndNotTheChanges() throws IOException {
        History one = loaded();
        History other = loaded(Path.of("/etc/q.yaml"));
        assertEquals(1, one.add(applied(), FIRST).change());
        assertEquals(2, other.add(applied(), SECOND).change());
        assertEquals(3, one.add(applied(), SECOND).change());
        one.prune(1, Set.of());
        other.prune(1, Set.of());
        assertEquals(4, other.next());
        assertEquals(List.of(3L), numbers(loaded()));
        assertEquals(List.of(2L), numbers(loaded(Path.of("/etc/q.yaml"))));
    }

    @Test
    @Tag("slow")
    void noNumberIsGivenTwice() throws Exception {
        int daemons = 6;
        int each = 25;
        Set<Long> given = Collections.synchronizedSet(new HashSet<>());
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < daemons; i++) {
            Path configuration = Path.of("/etc/p" + i + ".yaml");
            tasks.add(() -> {
                History history = loaded(configuration);
                for (int n = 0; n < each; n++) {
                    ChangeView added = history.add(applied(), text(configuration + " " + n % 3));
                    assertTrue(given.add(added.change()), "given twice: " + added.change());
                    history.prune(1, Set.of());
                    if (n % 8 == 0) {
                        history = loaded(configuration);
                        assertEquals(List.of(added.change()), numbers(history));
                    }
                }
                return null;
            });
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(daemons)) {
            for (Future<Void> each1 : threads.invokeAll(tasks)) {
                each1.get(100, TimeUnit.SECONDS);
            }
        }
        assertEquals(daemons * each, given.size());
        try (Stream<Path> left = Files.list(folder())) {
            assertEquals(
                    daemons,
                    left.filter(one -> !one.getFileName().toString().equals(".lock"))
                            .count());
        }
    }

    @Test
    void numbersGoOnAfterTheFolderIsGone() throws IOException {
        History history = loaded();
        history.add(applied(), FIRST);
        history.add(applied(), SECOND);
        FileTree.delete(folder());
        assertEquals(3, history.next());
        assertThrows(IOException.class, () -> history.conclude(2, ChangeView.CONFIRMED, ""));
        assertThrows(IOException.class, () -> history.texts(history.find(2).orElseThrow()));
        assertEquals(Optional.empty(), history.pending());
        assertEquals(3, history.add(applied(), FIRST).change());
        history.prune(1, Set.of());
        assertEquals(List.of(3L), numbers(history));
        assertEquals(List.of(3L), numbers(loaded()));
    }

    /** Contents of {@code change.json} of change 1 that are none. */
    static Stream<String> damaged() {
        return Stream.of(
                "",
                "null",
                "[]",
                "42",
                "{",
                "{}",
                "{\"change\": 1}",
                "\u0000".repeat(4_096),
                "[".repeat(100_000),
                good(2, "0-0123456789abcdef.yaml"),
                good(1, "../0-0123456789abcdef.yaml"),
                good(1, "0-0123456789abcdef.yaml/.."),
                good(1, "/etc/shadow"),
                good(1, "pending.json"),
                good(1, "0-0123456789abcdef.yaml").replace("\"files\": [{", "\"files\": [null, {"),
                good(1, "0-0123456789abcdef.yaml").replace("\"outcome\": \"applied\"", "\"outcome\": null"),
                good(1, "0-0123456789abcdef.yaml").replace("\"actor\": {", "\"actor\": null, \"x\": {"),
                good(1, "0-0123456789abcdef.yaml").replaceFirst("\\}\\s*$", ""),
                good(1, "0-0123456789abcdef.yaml")
                        .replace("\"note\": \"\"", "\"note\": \"" + "x".repeat(17 << 20) + "\""));
    }

    private static String good(long number, String stored) {
        return """
                {"change": %d, "at": "2026-11-29T20:00:00Z", "actor": {"uid": 0, "loginuid": -1, "user": "", "via": "edit", "pid": 0},
                 "note": "", "configuration": "/etc/p/main.yaml", "sha256": "", "files": [{"name": "/etc/p/main.yaml",
                 "stored": "%s", "sha256": "", "size": 0}], "base": 0, "outcome": "applied", "reason": "", "admits": [], "denies": []}
                """.formatted(number, stored);
    }

    @ParameterizedTest
    @MethodSource("damaged")
    void aDamagedChangeIsLeftOutAndItsNumberIsNotGivenAgain(String content) throws IOException {
        Files.createDirectories(folder(1));
        Files.writeString(folder(1).resolve("change.json"), content);
        History history = loaded();
        assertEquals(List.of(), history.changes());
        assertEquals(Optional.empty(), history.pending());
        assertEquals(2, history.add(applied(), FIRST).change());
        history.prune(1, Set.of());
        assertTrue(Files.exists(folder(1).resolve("change.json")), "it stays, so that an operator can look at it");
    }

    @Test
    void aChangeOfANewerVersionIsRead() throws IOException {
        Files.createDirectories(folder(1));
        Files.writeString(
                folder(1).resolve("change.json"),
                good(1, "0-0123456789abcdef.yaml")
                        .replace("\"base\": 0", "\"base\": 0, \"fleet\": {\"site\": [1, {}]}")
                        .replace("\"outcome\": \"applied\"", "\"outcome\": \"postponed\""));
        ChangeView newer = loaded().changes().getFirst();
        assertEquals("postponed", newer.outcome());
        assertFalse(newer.wasInForce());
    }

    @Test
    void anythingButAFileDoesNotBlock() throws Exception {
        History history = loaded();
        ChangeView kept = history.add(applied(), FIRST);
        Path change = folder(1).resolve("change.json");
        Path copy = folder(1).resolve(kept.files().getFirst().stored());
        Path target = Files.move(change, lasting.resolve("elsewhere.json"));
        Files.createSymbolicLink(change, target);
        assertEquals(List.of(), loaded().changes());
        Files.delete(change);
        Files.createDirectory(change);
        assertEquals(List.of(), loaded().changes());
        Files.delete(change);
        mkfifo(change);
        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> assertEquals(List.of(), loaded().changes()));
        Files.delete(copy);
        mkfifo(copy);
        assertTimeoutPreemptively(
                Duration.ofSeconds(10), () -> assertThrows(IOException.class, () -> history.texts(kept)));
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertEquals(2, history.add(applied(), FIRST).change()));
        Path pending = folder(2).resolve("pending.json");
        mkfifo(pending);
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertEquals(2, history.pending().orElseThrow().change()));
    }

    private static void mkfifo(Path at) throws Exception {
        assertEquals(0, new ProcessBuilder("mkfifo", at.toString()).start().waitFor());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "{",
                "{\"change\": 2}",
                "{\"change\": 2, \"base\": 1, \"at\": \"yesterday\", \"until\": \"2999-01-01T00:00:00Z\"}",
                // The note of another change: that change's end would never remove this one.
                "{\"change\": 1, \"base\": 0, \"at\": \"2026-01-01T00:00:00Z\", \"until\": \"2999-01-01T00:00:00Z\"}"
            })
    void theChangeOfADamagedNoteIsRolledBack(String content) throws IOException {
        History history = loaded();
        history.add(applied(), FIRST);
        history.add(applied(), SECOND);
        Files.writeString(folder(2).resolve("pending.json"), content);
        Pending pending = loaded().pending().orElseThrow();
        assertEquals(2, pending.change());
        assertEquals(7, pending.base());
        assertEquals(folder(2).resolve("pending.json") + " is damaged", pending.reverting());
        assertEquals(Duration.ZERO, pending.rest(Instant.parse("2026-11-29T20:00:00Z")));
        history.endPending(2);
        assertEquals(Optional.empty(), loaded().pending());
    }

    @Test
    void aNoteIsReadAsItWasWritten() throws IOException {
        History history = loaded();
        history.add(applied(), FIRST);
        assertEquals(Optional.empty(), history.pending());
        Instant now = Instant.parse("2026-11-29T20:00:00Z");
        Pending waits = Pending.of(1, 0, now, Duration.ofSeconds(60), "198.51.100.7 40000 10.0.0.1 22");
        history.setPending(waits);
        assertEquals(Optional.of(waits), loaded().pending());
        assertEquals(Duration.ofSeconds(60), waits.rest(now));
        assertEquals(Duration.ofSeconds(1), waits.rest(now.plusSeconds(59)));
        assertEquals(Duration.ZERO, waits.rest(now.plusSeconds(60)));
        assertEquals(Duration.ZERO, waits.rest(now.minusMillis(1)), "the clock went back");
        history.setPending(waits.revertingFor("rolled back"));
        assertEquals("rolled back", loaded().pending().orElseThrow().reverting());
        assertEquals(Duration.ZERO, loaded().pending().orElseThrow().rest(now));
    }

    @ParameterizedTest
    @ValueSource(strings = {ChangeView.CONFIRMED, ChangeView.REVERTED, ChangeView.REFUSED})
    void aChangeThatIsConcludedDoesNotWait(String outcome) throws IOException {
        History history = loaded();
        history.add(applied(), FIRST);
        history.setPending(Pending.of(1, 0, Instant.now(), Duration.ofSeconds(60), ""));
        // The daemon ended between the outcome and the removal of the note.
        history.conclude(1, outcome, "");
        assertEquals(Optional.empty(), loaded().pending());
    }

    @Test
    void aFolderWritableByOthersIsNotRead() throws IOException {
        loaded().add(applied(), FIRST);
        Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString("rwxrwxrwx"));
        History others = new History(lasting, MAIN);
        IOException refused = assertThrows(IOException.class, others::load);
        assertTrue(
                String.valueOf(refused.getMessage()).startsWith(folder() + " may be written by others"),
                refused.getMessage());
        assertThrows(IOException.class, () -> others.add(applied(), FIRST));
        assertEquals(List.of(), others.changes());
        assumeTrue(OwnedFile.user() == 0);
        Files.setPosixFilePermissions(folder(), PosixFilePermissions.fromString("rwx------"));
        Files.setAttribute(folder(), "unix:uid", 12_345);
        refused = assertThrows(IOException.class, others::load);
        assertTrue(
                String.valueOf(refused.getMessage()).startsWith(folder() + " belongs to user 12345"),
                refused.getMessage());
    }

    @Test
    void aFullDiskKeepsTheExistingChanges() throws Exception {
        assumeTrue(OwnedFile.user() == 0);
        SmallTmpfs.run(lasting, 256 << 10, () -> {
            History history = loaded();
            history.add(applied(), FIRST);
            history.setPending(Pending.of(1, 0, Instant.now(), Duration.ofSeconds(60), ""));
            Path ballast = lasting.resolve("ballast");
            for (int pages = 0; pages < 14; pages++) {
                fill(ballast, pages);
                attempt(() -> history.add(applied(), text("version: " + "1".repeat(8_000))));
                attempt(() -> history.conclude(1, ChangeView.APPLIED, "x".repeat(5_000)));
                attempt(() ->
                        history.setPending(Pending.of(1, 0, Instant.now(), Duration.ofSeconds(60), "x".repeat(5_000))));
                Files.delete(ballast);
                History read = loaded();
                assertEquals(history.changes(), read.changes());
                assertEquals(FIRST, read.texts(read.changes().getFirst()));
                assertEquals(1, read.pending().orElseThrow().base() + 1);
                assertEquals("", read.pending().orElseThrow().reverting());
                try (Stream<Path> all = Files.walk(folder())) {
                    assertEquals(
                            List.of(),
                            all.filter(each -> each.getFileName().toString().contains("new"))
                                    .toList());
                }
                history.prune(1, Set.of(1L));
            }
            fill(ballast, 0);
            assertThrows(IOException.class, () -> history.add(applied(), text("version: " + "2".repeat(8_000))));
            SmallTmpfs.makeReadOnly(lasting);
            assertThrows(IOException.class, () -> history.add(applied(), SECOND));
            assertThrows(IOException.class, () -> history.conclude(1, ChangeView.CONFIRMED, ""));
            assertThrows(IOException.class, () -> history.endPending(1));
            assertEquals(history.changes(), loaded().changes());
            return null;
        });
    }

    /** Fills the disk except for some pages. */
    private static void fill(Path ballast, int pages) throws IOException {
        byte[] page = new byte[4_096];
        int written = 0;
        try (var out = Files.newOutputStream(ballast)) {
            while (true) {
                out.write(page);
                written++;
            }
        } catch (IOException full) {
            try (var channel = Files.newByteChannel(ballast, java.nio.file.StandardOpenOption.WRITE)) {
                channel.truncate(Math.max(0, (written - pages) * 4_096L));
            }
        }
    }

    private static void attempt(ChangeLog.Access access) throws IOException {
        try {
            access.run();
        } catch (IOException full) {
            assertTrue(String.valueOf(full.getMessage()).contains("No space left"), full.getMessage());
        }
    }

    @Test
    @Tag("slow")
    void tenThousandChangesAreReadInTime() throws IOException {
        Files.createDirectories(folder());
        byte[] content = good(1, "0-0123456789abcdef.yaml").getBytes(StandardCharsets.UTF_8);
        for (int i = 1; i <= 10_000; i++) {
            Files.createDirectory(folder(i));
            Files.write(
                    folder(i).resolve("change.json"),
                    new String(content, StandardCharsets.UTF_8)
                            .replace("\"change\": 1,", "\"change\": " + i + ",")
                            .getBytes(StandardCharsets.UTF_8));
        }
        History history = new History(lasting, MAIN);
        assertTimeoutPreemptively(Duration.ofSeconds(60), history::load);
        assertEquals(LongStream.rangeClosed(1, 10_000).boxed().toList(), numbers(history));
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> history.prune(50, Set.of(1L)));
        assertEquals(51, history.changes().size());
    }

    @Test
    void leftoversOfEndedProcessesAreRemoved() throws IOException {
        History history = loaded();
        history.add(applied(), FIRST);
        Path half = Files.createDirectory(folder().resolve(".new"));
        Files.writeString(half.resolve("0-0123456789abcdef.yaml"), "half");
        Files.writeString(folder().resolve("notes.txt"), "mine");
        Files.writeString(folder().resolve("000009"), "a file with a number");
        assertEquals(List.of(1L), numbers(loaded()));
        assertFalse(Files.exists(half));
        assertTrue(Files.exists(folder().resolve("notes.txt")));
        assertEquals(10, history.next());
    }
}
