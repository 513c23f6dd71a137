package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** Text files, and values in them. */
public final class Texts {
    private Texts() {}

    public static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Path write(Path file, String text) {
        try {
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Path folder(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Replaces a file by another one atomically and without a copy, which would take a core from the frames. */
    public static void replace(Path file, Path by) {
        Path beside = file.resolveSibling(".new");
        try {
            Files.deleteIfExists(beside);
            Files.createLink(beside, by);
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last lines of a file that may not be there. */
    public static String tail(Path file, int lines) {
        if (!Files.exists(file)) {
            return "";
        }
        List<String> all = read(file).lines().toList();
        return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
    }

    /** How many lines of a file have that text. */
    static int count(Path file, String text) {
        return (int) read(file).lines().filter(line -> line.contains(text)).count();
    }

    /** The value of a key in a C program's key=value lines. */
    public static double value(Path file, String key) {
        return read(file)
                .lines()
                .filter(line -> line.startsWith(key + "="))
                .mapToDouble(line -> Double.parseDouble(line.substring(key.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new Failure("no " + key + " in the output: " + tail(file, 1)));
    }
}
