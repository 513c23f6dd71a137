package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every numbered vector of the specification is a test here, by number. */
final class VectorsTest {
    private static final String FRAGMENTS = "later fragments drop as fragment-limit until fragments are tracked";
    /** The vectors that wait, each with the reason. This list only shrinks. */
    private static final Map<Integer, String> WAITING =
            new TreeMap<>(Map.ofEntries(Map.entry(70, FRAGMENTS), Map.entry(71, FRAGMENTS), Map.entry(97, FRAGMENTS)));

    static List<Vector> vectors(String resource) throws IOException, URISyntaxException {
        return Vector.read(Path.of(
                Objects.requireNonNull(VectorsTest.class.getResource(resource)).toURI()));
    }

    @TestFactory
    Stream<DynamicTest> specified() throws IOException, URISyntaxException {
        return tests("/vectors.yaml");
    }

    @TestFactory
    Stream<DynamicTest> borders() throws IOException, URISyntaxException {
        return tests("/borders.yaml");
    }

    private static Stream<DynamicTest> tests(String resource) throws IOException, URISyntaxException {
        return vectors(resource).stream()
                .map(vector -> DynamicTest.dynamicTest(vector.id() + " " + vector.what(), () -> check(vector)));
    }

    private static void check(Vector vector) {
        Optional<String> difference = vector.run();
        String reason = WAITING.get(vector.id());
        if (reason == null) {
            assertEquals(Optional.empty(), difference);
        } else {
            assertTrue(difference.isPresent(), "passes now: take it off the list (it waited as " + reason + ")");
        }
    }

    @Test
    void onlyKnownVectorsWait() throws IOException, URISyntaxException {
        List<Integer> ids = vectors("/vectors.yaml").stream().map(Vector::id).toList();
        assertTrue(ids.containsAll(WAITING.keySet()), WAITING.keySet() + " against " + ids);
        assertEquals(ids.size(), ids.stream().distinct().count(), "two vectors with one number");
    }
}
