package io.portcullis.vectors;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every numbered vector of the specification is a test here, by number. */
public final class VectorsTest {
    public static List<Vector> vectors(String resource) throws IOException, URISyntaxException {
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

    @TestFactory
    Stream<DynamicTest> asTheKernelsOwnTests() throws IOException, URISyntaxException {
        return tests("/kernel-conntrack.yaml");
    }

    private static Stream<DynamicTest> tests(String resource) throws IOException, URISyntaxException {
        return vectors(resource).stream()
                .map(vector -> DynamicTest.dynamicTest(vector.id() + " " + vector.what(), () -> check(vector)));
    }

    private static void check(Vector vector) {
        assertEquals(Optional.empty(), vector.run());
    }

    @Test
    void everyVectorHasItsNumber() throws IOException, URISyntaxException {
        List<Integer> ids = vectors("/vectors.yaml").stream().map(Vector::id).toList();
        assertEquals(ids.size(), ids.stream().distinct().count(), "two vectors with one number");
    }
}
