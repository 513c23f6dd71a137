package io.portcullis.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** OPERATIONS.md lists the kinds of events with their ids. */
final class EventTest {
    @Test
    void everyKindIsDocumentedWithItsId() throws IOException {
        List<String> documented = Files.readString(Path.of("OPERATIONS.md"))
                .lines()
                .filter(line -> line.matches("\\| `[a-z-]+` \\| `[0-9a-f]{32}` \\| .*"))
                .map(line -> line.substring(0, line.indexOf('|', line.indexOf("` | `") + 3)))
                .toList();
        assertEquals(
                Stream.of(Event.values())
                        .map(event -> "| `" + event.label() + "` | `" + event.messageId() + "` ")
                        .toList(),
                documented);
    }
}
