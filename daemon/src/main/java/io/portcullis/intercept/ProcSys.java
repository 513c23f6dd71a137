package io.portcullis.intercept;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files under /proc/sys. */
final class ProcSys {
    /** No value that is read here is longer. */
    private static final int LENGTH = 256;

    private ProcSys() {}

    /**
     * A value, without the newline. In one read: the kernel answers at offset 0 only, and {@code Files.readString}, which
     * takes the reported size of 0 for the truth, reads the first byte alone and gets no second one.
     */
    static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = new byte[LENGTH];
            int length = in.read(bytes);
            return new String(bytes, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip();
        }
    }
}
