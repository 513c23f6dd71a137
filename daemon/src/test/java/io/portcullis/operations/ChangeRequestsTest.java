package io.portcullis.operations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Changes as JSON, both ways, and invalid values. */
final class ChangeRequestsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ChangeOptions OPTIONS =
            new ChangeOptions("why \u0007\n\ud83d\ude00", 60_000, true, true, 41, "198.51.100.7 40000 10.0.0.1 22");
    private static final ChangeView CHANGE = new ChangeView(
            Long.MAX_VALUE,
            "2026-11-29T20:00:00Z",
            new ChangeView.By(0, 1000, "alice", "apply", 4711),
            "why \ud83d\ude00",
            "/etc/p/a b.yaml",
            "00",
            List.of(new ChangeView.FileView("/etc/p/a b.yaml", "0-0123456789abcdef.yaml", "00", 1L << 40)),
            41,
            ChangeView.CONFIRMED,
            "by bob (uid 1001)",
            List.of("tcp 22"),
            List.of("udp 53"),
            List.of(),
            true);

    private static <T> void roundTrip(T value, Class<T> shape) throws IOException {
        assertEquals(value, JSON.readValue(JSON.writeValueAsBytes(value), shape));
    }

    @Test
    void aRequestIsReadAsItWasWritten() throws IOException {
        roundTrip(CHANGE, ChangeView.class);
        roundTrip(OPTIONS, ChangeOptions.class);
        roundTrip(new RollbackRequest(41, OPTIONS), RollbackRequest.class);
        roundTrip(
                new ApplyRequest(
                        List.of(
                                new ApplyRequest.File("", "version: 1\n"),
                                new ApplyRequest.File("rules.d/a b.yaml", "")),
                        true,
                        OPTIONS),
                ApplyRequest.class);
        roundTrip(new HistoryReport(42, 41, "2026-11-29T20:00:00Z", List.of(CHANGE)), HistoryReport.class);
        roundTrip(
                new ChangeFiles(CHANGE, List.of(new ChangeFiles.File("/etc/p/a b.yaml", "\u0000"))), ChangeFiles.class);
        roundTrip(
                new ChangeReport(
                        true,
                        false,
                        false,
                        CHANGE,
                        List.of("/etc/p/a b.yaml"),
                        List.of(),
                        List.of("note"),
                        new ChangeReport.Flows(3, 2, 1, List.of("tcp a > b")),
                        List.of("claim"),
                        null,
                        "",
                        12,
                        List.of(),
                        List.of("warning")),
                ChangeReport.class);
    }

    @Test
    void aMissingFieldHasItsDefault() throws IOException {
        assertEquals(ChangeOptions.PLAIN, JSON.readValue("{}", ChangeOptions.class));
        assertEquals(ChangeOptions.PLAIN, JSON.readValue("{\"note\": null, \"session\": null}", ChangeOptions.class));
        assertEquals(
                new RollbackRequest(0, ChangeOptions.PLAIN),
                JSON.readValue("{\"options\": null}", RollbackRequest.class));
        assertEquals(
                new ApplyRequest(List.of(new ApplyRequest.File("", "")), false, ChangeOptions.PLAIN),
                JSON.readValue("{\"files\": [{\"path\": \"\", \"text\": \"\"}]}", ApplyRequest.class));
        assertEquals("trimmed", new ChangeOptions(" trimmed\n", 0, false, false, 0, "").note());
    }

    private static String refusal(String json, Class<?> shape) {
        ValueInstantiationException refused =
                assertThrows(ValueInstantiationException.class, () -> JSON.readValue(json, shape));
        return String.valueOf(Objects.requireNonNull(refused.getCause()).getMessage());
    }

    @Test
    void optionsOutOfRangeAreRefused() {
        assertEquals(
                "a note has at most 1000 characters, not 1001",
                refusal("{\"note\": \"" + "x".repeat(1_001) + "\"}", ChangeOptions.class));
        assertEquals(
                1_000,
                new ChangeOptions("x".repeat(1_000), 0, false, false, 0, "")
                        .note()
                        .length());
        for (long ms : new long[] {-1, 1, 999, 86_400_001, Long.MAX_VALUE, Long.MIN_VALUE}) {
            assertEquals(
                    "the wait for a confirmation is 1s to 24h",
                    refusal("{\"confirmMs\": " + ms + "}", ChangeOptions.class));
        }
        for (long ms : new long[] {0, 1_000, 86_400_000}) {
            assertEquals(ms, new ChangeOptions("", ms, false, false, 0, "").confirmMs());
        }
        assertEquals(
                "base must be the number of a change, or 0, not -1", refusal("{\"base\": -1}", ChangeOptions.class));
        assertEquals(
                "to must be the number of a change, or 0, not -41", refusal("{\"to\": -41}", RollbackRequest.class));
        assertEquals(
                "SSH_CONNECTION has at most 200 characters, not 201",
                refusal("{\"session\": \"" + "1".repeat(201) + "\"}", ChangeOptions.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"files\": null}",
                "{\"files\": []}",
                "{\"files\": [{\"path\": \"a.yaml\", \"text\": \"\"}]}",
                "{\"files\": [{\"path\": \"a.yaml\", \"text\": \"\"}, {\"path\": \"\", \"text\": \"\"}]}"
            })
    void theConfigurationItselfComesFirst(String json) {
        assertEquals(
                "files must begin with the configuration itself, whose path is empty",
                refusal(json, ApplyRequest.class));
    }

    @ParameterizedTest
    @CsvSource({"a.yaml,a.yaml", "a.yaml,./a.yaml", "a/b.yaml,a/c/../b.yaml", "'',''", "'',."})
    void aFileComesOnce(String one, String other) {
        String text = "\", \"text\": \"\"}";
        String main = one.isEmpty() ? "" : "{\"path\": \"" + text + ", ";
        String json = "{\"files\": [" + main + "{\"path\": \"" + one + text + ", {\"path\": \"" + other + text + "]}";
        assertEquals("files must have each path once, not twice: " + other, refusal(json, ApplyRequest.class));
    }

    @Test
    void aFileWithoutPathOrTextIsRefused() {
        assertEquals("a file without path", refusal("{\"files\": [{\"text\": \"\"}]}", ApplyRequest.class));
        assertEquals("a file without text", refusal("{\"files\": [{\"path\": \"\"}]}", ApplyRequest.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"confirmMs\": \"soon\"}",
                "{\"confirmMs\": 1e30}",
                "{\"base\": 99999999999999999999}",
                "{\"dryRun\": \"perhaps\"}",
                "{\"note\": []}",
                "{\"unknown\": 1}",
                "[]",
                "42"
            })
    void valuesOfAnotherTypeAreRefused(String json) {
        assertThrows(JacksonException.class, () -> JSON.readValue(json, ChangeOptions.class));
    }

    @Test
    void anActorIsNamed() {
        assertEquals("alice (uid 0, login uid 1000) by apply", CHANGE.actor().toString());
        assertEquals("root (uid 0) by edit", new ChangeView.By(0, 0, "root", "edit", 0).toString());
        assertEquals("root (uid 0) by edit", new ChangeView.By(0, -1, "root", "edit", 0).toString());
        assertEquals("somebody by edit", new ChangeView.By(-1, -1, "", "edit", 0).toString());
        assertEquals(
                "somebody (uid 5)",
                ChangeView.By.of(new Actor(5, 5, "", 1), "apply").name());
    }

    @Test
    void theseOutcomesMeanThatAChangeWasInForce() {
        for (String outcome : List.of(ChangeView.APPLIED, ChangeView.CONFIRMED, ChangeView.REVERTED)) {
            assertTrue(CHANGE.with(outcome, "").wasInForce());
        }
        for (String outcome : List.of(ChangeView.BEGUN, ChangeView.REFUSED, "", "postponed")) {
            assertTrue(!CHANGE.with(outcome, "").wasInForce());
        }
    }
}
