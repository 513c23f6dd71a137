package io.portcullis.cli.replay;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.portcullis.engine.Reason;
import io.portcullis.linux.FileFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The verdicts that a file expects, by frame: the JSON that {@code replay --json --list} prints. It reads {@code frames}, a list of
 * objects with {@code number}, {@code verdict} and, if it matters, {@code reason}; all other fields are for people. Takes two bytes
 * of memory for each frame.
 */
final class ExpectedVerdicts implements FrameSink {
    /**
     * A frame with another verdict than expected.
     *
     * @param expected {@code drop no-rule}
     * @param actual the same; empty: the capture has no such frame
     * @param packet empty where there is no such frame
     */
    record Difference(long number, String expected, String actual, String packet) {}

    /** Differences that are kept; all are counted. */
    static final int MOST_KEPT = 1_000;

    private static final int LAST_NUMBER = 1 << 28;
    private static final int ANY_REASON = 0xff;
    private static final Reason[] REASONS = Reason.values();

    private final Path file;
    private final List<Difference> differences = new ArrayList<>();
    /** 0: nothing is expected; else the verdict's number + 1 in the upper byte, the reason's in the lower one. */
    private short[] expected = new short[1 << 10];

    private int last;
    private long named;
    private long seen;
    private long different;

    private ExpectedVerdicts(Path file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @throws CaptureException if it can't be read or has another form; the message names the place
     */
    static ExpectedVerdicts read(Path file) throws CaptureException {
        ExpectedVerdicts verdicts = new ExpectedVerdicts(file);
        try (InputStream in = Files.newInputStream(file);
                JsonParser parser = new JsonFactory().createParser(in)) {
            verdicts.readDocument(parser);
            return verdicts;
        } catch (JacksonException e) {
            throw new CaptureException(
                    file
                            + (e.getLocation() == null
                                    ? ""
                                    : place(
                                            e.getLocation().getLineNr(),
                                            e.getLocation().getColumnNr()))
                            + ": not JSON: " + FileFault.text(e),
                    e);
        } catch (IOException e) {
            throw new CaptureException(FileFault.text(e), e);
        }
    }

    private static String place(int line, int column) {
        return ":" + line + ":" + column;
    }

    private CaptureException fault(JsonParser parser, String text) {
        var at = parser.currentTokenLocation();
        return new CaptureException(file + place(at.getLineNr(), at.getColumnNr()) + ": " + text);
    }

    private void readDocument(JsonParser parser) throws IOException, CaptureException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw fault(parser, "not an object with a list \"frames\", as 'portcullis replay --json --list' prints it");
        }
        boolean found = false;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            boolean isList = parser.currentName().equals("frames");
            JsonToken value = parser.nextToken();
            if (isList && value == JsonToken.START_ARRAY) {
                found = true;
                while (parser.nextToken() == JsonToken.START_OBJECT) {
                    readFrame(parser);
                }
                if (parser.currentToken() != JsonToken.END_ARRAY) {
                    throw fault(parser, "not an object with number and verdict");
                }
            } else {
                parser.skipChildren();
            }
        }
        if (!found) {
            throw new CaptureException(
                    file + ": it has no list \"frames\": record one with 'portcullis replay --json --list'");
        }
    }

    private void readFrame(JsonParser parser) throws IOException, CaptureException {
        int number = 0;
        Verdict verdict = null;
        int reason = ANY_REASON;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "number" -> {
                    number = value == JsonToken.VALUE_NUMBER_INT
                            ? (int) Math.clamp(parser.getDoubleValue(), 0, LAST_NUMBER + 1)
                            : 0;
                    if (number < 1 || number > LAST_NUMBER) {
                        throw fault(parser, "number " + parser.getText() + ": 1 to " + LAST_NUMBER);
                    }
                }
                case "verdict" -> verdict = verdict(parser);
                case "reason" -> reason = reason(parser);
                default -> parser.skipChildren();
            }
        }
        if (number == 0 || verdict == null) {
            throw fault(parser, "a frame without " + (number == 0 ? "number" : "verdict"));
        }
        expect(parser, number, verdict, reason);
    }

    private Verdict verdict(JsonParser parser) throws IOException, CaptureException {
        String text = parser.getText();
        for (Verdict verdict : Verdict.values()) {
            if (verdict.label().equals(text)) {
                return verdict;
            }
        }
        throw fault(
                parser,
                "verdict " + text + ": "
                        + Stream.of(Verdict.values()).map(Verdict::label).collect(Collectors.joining(", ")));
    }

    private int reason(JsonParser parser) throws IOException, CaptureException {
        String text = parser.getText();
        for (Reason reason : REASONS) {
            if (reason.label().equals(text)) {
                return reason.ordinal();
            }
        }
        throw fault(parser, "reason " + text + ": there is no such reason (OPERATIONS.md lists them)");
    }

    private void expect(JsonParser parser, int number, Verdict verdict, int reason) throws CaptureException {
        if (number >= expected.length) {
            expected = Arrays.copyOf(expected, Math.max(number + 1, 2 * expected.length));
        }
        if (expected[number] != 0) {
            throw fault(parser, "frame " + number + " is there twice");
        }
        expected[number] = (short) (verdict.ordinal() + 1 << Byte.SIZE | reason);
        last = Math.max(last, number);
        named++;
    }

    @Override
    public void take(JudgedFrame judged) {
        int wanted = judged.number() < expected.length ? expected[(int) judged.number()] : 0;
        if (wanted == 0) {
            return;
        }
        seen++;
        int reason = wanted & 0xff;
        boolean same = verdict(wanted) == judged.verdict()
                && (reason == ANY_REASON || reason == judged.reason().ordinal());
        if (!same) {
            differ(
                    judged.number(),
                    wanted,
                    text(judged.verdict(), judged.reason()),
                    judged.subject().get().text());
        }
    }

    /**
     * Compares with the end of the capture.
     *
     * @param frames that it had
     */
    void end(long frames) {
        for (int number = (int) Math.min(frames, last) + 1; number <= last; number++) {
            if (expected[number] != 0) {
                differ(number, expected[number], "", "");
            }
        }
    }

    private void differ(long number, int wanted, String actual, String packet) {
        different++;
        if (differences.size() < MOST_KEPT) {
            int reason = wanted & 0xff;
            differences.add(new Difference(
                    number, text(verdict(wanted), reason == ANY_REASON ? null : REASONS[reason]), actual, packet));
        }
    }

    private static Verdict verdict(int wanted) {
        return Verdict.values()[(wanted >> Byte.SIZE) - 1];
    }

    private static String text(Verdict verdict, @Nullable Reason reason) {
        return reason == null || reason == Reason.NONE ? verdict.label() : verdict.label() + " " + reason.label();
    }

    Path file() {
        return file;
    }

    /** Frames that the file names. */
    long named() {
        return named;
    }

    /** Frames of the capture that the file names. */
    long seen() {
        return seen;
    }

    /** The first {@link #MOST_KEPT}. */
    List<Difference> differences() {
        return List.copyOf(differences);
    }

    /** Number of all differences. */
    long different() {
        return different;
    }
}
