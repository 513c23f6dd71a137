package io.portcullis.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.files.SourceText;
import io.portcullis.guard.StartException;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.History;
import io.portcullis.history.LastGood;
import io.portcullis.service.process.Defects;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A file that causes a defect of the reader is refused like any other faulty file. */
final class ReaderTest {
    private static final String GOOD = """
            version: 1
            interfaces:
              web0: {mode: bridge, outside: no-such0, inside: no-such1, security-groups: [web]}
            security-groups: {web: {}}
            """;

    @TempDir
    private Path folder;

    static Stream<Throwable> defects() {
        return Stream.of(
                new StackOverflowError(),
                new OutOfMemoryError("Java heap space"),
                new IllegalStateException("a defect"),
                new AssertionError("another"));
    }

    private static Reader failing(Throwable defect) {
        return (_, _, _) -> {
            if (defect instanceof RuntimeException exception) {
                throw exception;
            }
            throw (Error) defect;
        };
    }

    @ParameterizedTest
    @MethodSource("defects")
    void aReloadIsRefused(Throwable defect) {
        long before = Defects.count();
        Path file = folder.resolve("main.yaml");
        Reader.Candidate read = failing(defect).read(file);
        StartException refused = assertThrows(StartException.class, read::valid);
        assertEquals(List.of(file + ": can't be read: " + defect), refused.faults());
        assertTrue(Defects.count() > before);
    }

    @ParameterizedTest
    @MethodSource("defects")
    void aStartTakesTheLastGoodOne(Throwable defect) throws Exception {
        Path file = Files.writeString(folder.resolve("main.yaml"), GOOD);
        LastGood lastGood = new LastGood(Files.createDirectory(folder.resolve("lib")), file);
        assertTrue(lastGood.keep(List.of(new SourceText(file.toString(), GOOD))).isEmpty());
        Startup start = Startup.read(
                file, lastGood, new ChangeLog(file, new History(folder.resolve("lib"), file)), failing(defect));
        assertTrue(start.degraded());
        assertEquals(List.of(file + ": can't be read: " + defect), start.files().faults());
    }
}
