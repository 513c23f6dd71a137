package io.portcullis.config.yaml;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DocumentsTest {
    private static final int PART = 64 << 10;

    /** A pipe: it does not know its length, and a read returns a part. */
    private static InputStream pipe(byte[] content, int part) {
        return new InputStream() {
            private final InputStream in = new ByteArrayInputStream(content);

            @Override
            public int read() throws IOException {
                return in.read();
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                return in.read(into, from, Math.min(part, length));
            }
        };
    }

    private static Optional<String> text(InputStream in, Diagnostics diagnostics) {
        try {
            return Documents.text(in, "in", diagnostics);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7})
    void aStreamOfAnyLengthIsReadToItsEnd(int length) {
        for (String unit : new String[] {"a", "ü"}) {
            String written = unit.repeat(length);
            byte[] bytes = written.getBytes(StandardCharsets.UTF_8);
            assertEquals(Optional.of(written), text(new ByteArrayInputStream(bytes), new Diagnostics()));
            assertEquals(Optional.of(written), text(pipe(bytes, 1000), new Diagnostics()));
        }
    }

    @Test
    void aTextThatIsTooLongOrNotUtf8IsRefused() {
        Diagnostics diagnostics = new Diagnostics();
        assertEquals(Optional.empty(), text(pipe(new byte[Document.LARGEST + 1], PART), diagnostics));
        assertEquals(Optional.empty(), text(pipe(new byte[] {'a', (byte) 0xc3}, PART), diagnostics));
        assertEquals(
                "[in: larger than 64 MiB, in: not UTF-8]", diagnostics.errors().toString());
    }
}
