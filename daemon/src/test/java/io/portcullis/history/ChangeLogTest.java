package io.portcullis.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.files.SourceText;
import io.portcullis.operations.ChangeView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A start with the history that the last run has left. */
final class ChangeLogTest {
    private static final ChangeView.By ALICE = new ChangeView.By(0, 1000, "alice", "apply", 4711);
    private static final Instant NOW = Instant.parse("2026-11-29T20:00:00Z");

    @TempDir
    Path folder;

    private Path file;
    private History history;

    @BeforeEach
    void create() throws IOException {
        file = folder.resolve("main.yaml");
        history = new History(folder.resolve("state"), file);
        history.load();
    }

    private List<SourceText> texts(String yaml) {
        return List.of(new SourceText(file.toString(), yaml));
    }

    private ChangeView add(String outcome, long base, String yaml) throws IOException {
        ChangeView draft = new ChangeView(
                0,
                NOW.toString(),
                ALICE,
                "",
                "",
                "",
                List.of(),
                base,
                outcome,
                "",
                List.of(),
                List.of(),
                List.of(),
                true);
        return history.add(draft, texts(yaml));
    }

    private ChangeLog.Recovered start(Instant at) {
        ChangeLog log = log();
        ChangeLog.Recovered recovered = log.recover(at);
        assertEquals("", log.trouble());
        return recovered;
    }

    private ChangeLog log() {
        return new ChangeLog(file, new History(folder.resolve("state"), file));
    }

    private List<String> outcomes() throws IOException {
        history.load();
        return history.changes().stream().map(ChangeView::outcome).toList();
    }

    @Test
    void theSumOfTheFilesInForceIsKnownEvenIfTheHistoryCannotBeWritten() throws IOException {
        ChangeLog log = log();
        assertEquals("", log.sha256());
        log.keep(draft(log, ChangeView.APPLIED), texts("one"), 10);
        assertEquals(History.sum(texts("one")), log.sha256());
        log.keep(draft(log, ChangeView.REFUSED), texts("two"), 10);
        assertEquals(History.sum(texts("one")), log.sha256());

        Path blocked = Files.createFile(folder.resolve("blocked"));
        ChangeLog unwritten = new ChangeLog(file, new History(blocked, file));
        unwritten.keep(draft(unwritten, ChangeView.APPLIED), texts("three"), 10);
        assertEquals(0, unwritten.number());
        assertEquals(History.sum(texts("three")), unwritten.sha256());
    }

    private static ChangeView draft(ChangeLog log, String outcome) {
        return log.draft(NOW, ALICE, "", outcome, "", List.of(), List.of(), List.of(), true);
    }

    @Test
    void aChangeThatWasBegunIsUndone() throws IOException {
        add(ChangeView.APPLIED, 0, "one");
        add(ChangeView.BEGUN, 1, "two");
        Files.writeString(file, "two");
        assertInstanceOf(ChangeLog.Recovered.Files.class, start(NOW));
        assertEquals("one", Files.readString(file));
        assertEquals(List.of(ChangeView.APPLIED, ChangeView.REFUSED), outcomes());
    }

    /** The disk was full when its outcome was to be written; then the operator freed space and applied the same files again. */
    @Test
    void aChangeThatWasBegunBeforeTheOneInForceIsNotUndone() throws IOException {
        add(ChangeView.APPLIED, 0, "one");
        add(ChangeView.BEGUN, 1, "two");
        add(ChangeView.CONFIRMED, 1, "two");
        Files.writeString(file, "two");
        assertInstanceOf(ChangeLog.Recovered.Files.class, start(NOW));
        assertEquals("two", Files.readString(file));
        assertEquals(List.of(ChangeView.APPLIED, ChangeView.REFUSED, ChangeView.CONFIRMED), outcomes());
    }

    @Test
    void aChangeWaitsUntilItsTimeIsOver() throws IOException {
        add(ChangeView.APPLIED, 0, "one");
        ChangeView change = add(ChangeView.APPLIED, 1, "two");
        Files.writeString(file, "two");
        Pending pending = Pending.of(2, 1, NOW, Duration.ofSeconds(60), "");
        history.setPending(pending);
        ChangeLog.Recovered.Waits waits = assertInstanceOf(ChangeLog.Recovered.Waits.class, start(NOW.plusSeconds(20)));
        assertEquals(new ChangeLog.Recovered.Waits(pending), waits);
        assertEquals("two", Files.readString(file));
        assertInstanceOf(ChangeLog.Recovered.Files.class, start(NOW.plusSeconds(60)));
        assertEquals("one", Files.readString(file));
        assertEquals(List.of(ChangeView.APPLIED, ChangeView.REVERTED), outcomes());
        assertEquals(
                "it was not confirmed by " + pending.until(),
                history.find(change.change()).orElseThrow().reason());
        assertEquals(Optional.empty(), history.pending());
    }

    @Test
    void anEditWhileNoDaemonRanEndsTheWait() throws IOException {
        add(ChangeView.APPLIED, 0, "one");
        add(ChangeView.APPLIED, 1, "two");
        history.setPending(Pending.of(2, 1, NOW, Duration.ofSeconds(60), ""));
        ChangeLog log = log();
        ChangeLog.Recovered.Waits waits = assertInstanceOf(ChangeLog.Recovered.Waits.class, log.recover(NOW));
        assertEquals(waits, log.follow(waits, texts("two")));
        ChangeLog.Recovered.From from =
                assertInstanceOf(ChangeLog.Recovered.From.class, log.follow(waits, texts("mine")));
        assertEquals(texts("one"), from.texts());
        assertTrue(from.why().startsWith("change @2 went back to @1: "), from.why());
        assertEquals(List.of(ChangeView.APPLIED, ChangeView.REVERTED), outcomes());
    }

    @Test
    void filesThatCannotBeReplacedAreLeftAndTheHistoryIsUsed() throws IOException {
        add(ChangeView.APPLIED, 0, "one");
        add(ChangeView.APPLIED, 1, "two");
        history.setPending(Pending.of(2, 1, NOW, Duration.ofSeconds(60), ""));
        // The folder of the rules is gone, and a file has its name.
        Path other = Files.createDirectories(folder.resolve("x")).resolve("rules.yaml");
        History odd = new History(folder.resolve("odd"), other);
        ChangeView draft = history.find(1).orElseThrow();
        odd.add(draft, List.of(new SourceText(other.toString(), "one")));
        odd.add(draft, List.of(new SourceText(other.toString(), "two")));
        odd.setPending(Pending.of(2, 1, NOW, Duration.ofSeconds(1), ""));
        Files.delete(folder.resolve("x"));
        Files.writeString(folder.resolve("x"), "a file");
        ChangeLog log = new ChangeLog(other, new History(folder.resolve("odd"), other));
        ChangeLog.Recovered.From from =
                assertInstanceOf(ChangeLog.Recovered.From.class, log.recover(NOW.plusSeconds(2)));
        assertEquals(List.of(new SourceText(other.toString(), "one")), from.texts());
    }
}
