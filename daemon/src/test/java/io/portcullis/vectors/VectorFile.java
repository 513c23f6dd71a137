package io.portcullis.vectors;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Optional;

/** Runs a file of test vectors through the engine, for {@code scripts/test --vectors FILE}. */
final class VectorFile {
    private VectorFile() {}

    /** Prints each failure and, alone on the last line, {@code N passed, N failed}; exits 1 if any failed. */
    public static void main(String[] arguments) throws IOException {
        PrintStream out = System.out;
        int passed = 0;
        int failed = 0;
        for (Vector vector : Vector.read(Path.of(arguments[0]))) {
            Optional<String> difference = outcome(vector);
            if (difference.isEmpty()) {
                passed++;
            } else {
                failed++;
                out.println("vector " + vector.id() + " (" + vector.what() + "): " + difference.get());
            }
        }
        out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }

    private static Optional<String> outcome(Vector vector) {
        try {
            return vector.run();
        } catch (RuntimeException e) {
            return Optional.of("cannot be run: " + e);
        }
    }
}
