package io.portcullis.config.yaml;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Visible;
import io.portcullis.testing.Mutations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Any file gives either a configuration or errors, each with one visible line and a location. A finding of the fuzzer is kept as
 * a file in {@code YamlFuzzTestInputs/yaml}.
 */
@Tag("fuzz")
final class YamlFuzzTest {
    private static final int INPUTS = 4_000;
    private static final int LONGEST_FAULT = 2_000;

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void yaml(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {7, 8, 9})
    void mutations(long seed) {
        int[] valid = new int[1];
        Mutations.run(seed, INPUTS, seeds(), input -> valid[0] += check(input) ? 1 : 0);
        assertTrue(valid[0] > INPUTS / 200, "the mutations break too much to test anything: " + valid[0]);
    }

    /** True: it is valid. */
    private static boolean check(byte[] input) {
        String yaml = new String(input, StandardCharsets.UTF_8);
        Document.salvage(yaml, "salvaged", new Diagnostics());
        try {
            Config config = ConfigReader.parse(yaml, "input");
            config.warnings().forEach(warning -> assertLegible(warning.toString()));
            return true;
        } catch (ConfigException e) {
            assertFalse(e.errors().isEmpty());
            for (ConfigError error : e.errors()) {
                assertLegible(error.toString());
                error.excerpt().forEach(YamlFuzzTest::assertLegible);
            }
            return false;
        }
    }

    private static void assertLegible(String line) {
        assertTrue(line.length() <= LONGEST_FAULT, line);
        assertTrue(line.codePoints().noneMatch(Visible::isInvisible), line);
    }

    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>();
        // A fuzzer runs in a folder of its own, where there are no examples.
        Path examples = Path.of("../config/examples");
        Path bad = resource("/bad/expected.csv").resolveSibling("");
        Path found = resource("YamlFuzzTestInputs/yaml");
        try {
            for (Path folder : List.of(examples, bad, found)) {
                seeds.addAll(Files.isDirectory(folder) ? contents(folder) : List.of());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return seeds;
    }

    private static List<byte[]> contents(Path folder) throws IOException {
        List<byte[]> contents = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                contents.add(Files.readAllBytes(file));
            }
        }
        return contents;
    }

    private static Path resource(String name) {
        URL found = Objects.requireNonNull(YamlFuzzTest.class.getResource(name), name);
        try {
            return Path.of(found.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(name, e);
        }
    }
}
