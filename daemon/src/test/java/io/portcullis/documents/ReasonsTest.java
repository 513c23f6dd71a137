package io.portcullis.documents;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.engine.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tables of drop reasons have every reason, in the order of the checks. */
final class ReasonsTest {
    private static List<String> reasons() {
        return Arrays.stream(Reason.values())
                .filter(reason -> reason != Reason.NONE)
                .map(Reason::label)
                .toList();
    }

    private static List<String> first(Path file, String from, String to, Pattern row) throws IOException {
        String text = Files.readString(file);
        String section = text.substring(text.indexOf(from) + from.length());
        Matcher matcher = row.matcher(section.substring(0, section.indexOf(to)));
        return Stream.iterate(matcher, Matcher::find, each -> each)
                .map(each -> each.group(1).replace("\\-", "-"))
                .toList();
    }

    @Test
    void theGuideForOperatorsHasThemAll() throws IOException {
        assertEquals(
                reasons(),
                first(
                        Path.of("OPERATIONS.md"),
                        "## Drop reasons",
                        "\n## ",
                        Pattern.compile("^\\| `([a-z0-9-]+)` \\|", Pattern.MULTILINE)));
    }

    @Test
    void theManualPageHasThemAll() throws IOException {
        assertEquals(
                reasons(),
                first(
                        Path.of("src/main/man/portcullis.8"),
                        ".SH DROP REASONS",
                        "\n.SH ",
                        Pattern.compile("^\\.B ([a-z0-9\\\\-]+)$", Pattern.MULTILINE)));
    }
}
