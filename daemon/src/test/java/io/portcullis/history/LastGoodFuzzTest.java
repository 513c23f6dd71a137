package io.portcullis.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.config.files.SourceText;
import io.portcullis.linux.FileName;
import io.portcullis.testing.Mutations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Reads any content of the index of the last good configuration: the result is the texts with its checksums, or a reason of one line;
 * no file of another folder is read; and the next configuration is kept all the same. An input is the content of the file.
 */
@Tag("fuzz")
final class LastGoodFuzzTest {
    private static final int INPUTS = 150;
    private static final Path MAIN = Path.of("/etc/p/main.yaml");
    private static final List<SourceText> KEPT = List.of(new SourceText("/etc/p/main.yaml", "version: 1\n"));
    private static final List<SourceText> NEXT = List.of(new SourceText("/etc/p/main.yaml", "version: 1 # 2\n"));

    @TempDir
    static Path lasting;

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void indices(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void mutations(long seed) {
        Mutations.run(seed, INPUTS, seeds(), LastGoodFuzzTest::check);
    }

    private static void check(byte[] input) {
        LastGood lastGood = new LastGood(lasting, MAIN);
        assertEquals(Optional.empty(), lastGood.keep(KEPT));
        try {
            Files.write(lastGood.folder().resolve("index.json"), input);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        switch (lastGood.find()) {
            case LastGood.Found.Kept(List<SourceText> texts) ->
                texts.forEach(text -> assertEquals(KEPT.getFirst().yaml(), text.yaml()));
            case LastGood.Found.Nothing(String reason) ->
                assertFalse(reason.lines().count() > 1, "one line: " + reason);
        }
        assertEquals(Optional.empty(), lastGood.keep(NEXT));
        assertEquals(new LastGood.Found.Kept(NEXT), lastGood.find());
    }

    static List<byte[]> seeds() {
        String sum = FileName.sha256(KEPT.getFirst().yaml().getBytes(StandardCharsets.UTF_8));
        String stored = "0-" + sum.substring(0, 16) + ".yaml";
        return Stream.of("""
                {"configuration": "/etc/p/main.yaml", "files": [{"name": "/etc/p/main.yaml", "stored": "%s", "sha256": "%s"}]}
                """.formatted(stored, sum), """
                {"configuration": "/etc/p/main.yaml", "files": [], "more": 1}""", """
                {"configuration": "/etc/p/main.yaml", "files": [{"name": "a", "stored": "../../x.yaml", "sha256": "%s"}]}
                """.formatted(sum), """
                {"configuration": "/etc/other.yaml", "files": [{"name": "a", "stored": "1-0123456789abcdef.yaml", "sha256": ""}]}
                """, """
                {"configuration": "/etc/p/main.yaml", "files": "a\\nb"}""", "null")
                .map(text -> text.getBytes(StandardCharsets.UTF_8))
                .toList();
    }
}
