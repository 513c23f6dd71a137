package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Numbers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;

/** The JSON file that a run leaves behind. */
public final class Json {
    private Json() {}

    /** The first fields: when, where, and how busy the machine was before. */
    public static String header(int cores, double busy) {
        return Numbers.format(
                "\"date\": \"%s\", \"kernel\": \"%s\", \"cores\": %d, \"busy_before\": %.2f",
                Instant.now().truncatedTo(ChronoUnit.SECONDS), Machine.kernel(), cores, busy);
    }

    public static String strings(List<String> texts) {
        return texts.stream()
                .map(text ->
                        '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + '"')
                .toList()
                .toString();
    }

    /** An array of the samples. */
    public static String numbers(List<Double> values) {
        return values.stream().map(Numbers::general).toList().toString();
    }

    /**
     * Writes the file; it belongs to the owner of the checkout, as everything below target.
     *
     * @param label is printed before its name
     */
    public static void keep(Path file, String text, String label) {
        Texts.folder(Objects.requireNonNull(file.getParent()));
        Texts.write(file, text);
        Path target = Folders.root().resolve("daemon/target");
        if (file.startsWith(target) && Files.exists(Folders.root().resolve("pom.xml"))) {
            Processes.run(10, "chown", "--reference=" + Folders.root().resolve("pom.xml"), file.toString())
                    .ok();
        }
        Console.say(label + file);
    }
}
