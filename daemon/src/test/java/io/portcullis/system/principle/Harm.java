package io.portcullis.system.principle;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.portcullis.system.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Ways in which the journals of a daemon, which say what must be restored, are lost or damaged. */
enum Harm {
    LOST {
        @Override
        void to(Path file) throws IOException {
            Files.delete(file);
        }
    },
    CUT {
        @Override
        void to(Path file) throws IOException {
            byte[] bytes = text(file).getBytes(UTF_8);
            Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        }
    },
    EMPTY {
        @Override
        void to(Path file) throws IOException {
            Files.writeString(file, "");
        }
    },
    NULL {
        @Override
        void to(Path file) throws IOException {
            Files.writeString(file, "null");
        }
    },
    GARBAGE {
        @Override
        void to(Path file) throws IOException {
            Files.writeString(file, "\0\1\2}{");
        }
    },
    /** Written by a later version, with unknown fields. */
    NEWER {
        @Override
        void to(Path file) throws IOException {
            Files.writeString(file, text(file).replaceFirst("\\{", "{\"toBeInvented\": {\"a\": [1, null]}, "));
        }
    },
    /** Written by a version in which the programs had another meaning. */
    OF_ANOTHER_SHAPE {
        @Override
        void to(Path file) throws IOException {
            Files.writeString(file, text(file).replaceFirst("\"programs\"\\s*:", "\"programs\": 7, \"others\":"));
        }
    };

    abstract void to(Path file) throws IOException;

    /** Without the padding. */
    private static String text(Path file) throws IOException {
        return Files.readString(file).strip();
    }

    /** Applies it to all journals of a home; returns their number. */
    int to(Home home) {
        List<Path> journals = home.journals();
        try {
            for (Path each : journals) {
                to(each);
            }
            return journals.size();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
