package io.portcullis.cli.report;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Interface;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.diagnose.Doctor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The configuration on the disk, the log, and what {@code doctor} finds. */
final class ConfigParts {
    private static final int LOG_LINES = 5_000;
    private static final int LOG_BYTES = 2 << 20;

    private ConfigParts() {}

    /** Adds the file and those that it includes; the configuration, if it is valid. */
    static Optional<Config> configuration(Parts parts, Path file) {
        SourceFiles sources = new SourceFiles();
        Optional<Config> config = Optional.empty();
        try {
            config = Optional.of(ConfigReader.load(file, sources));
        } catch (ConfigException e) {
            parts.add("config-errors.txt", "portcullis check", Part.Form.TEXT, e::getMessage);
        }
        int number = 1;
        for (SourceText text : sources.texts()) {
            parts.add(
                    "config/" + number++ + "-" + name(text.name()),
                    "configuration: " + text.name(),
                    Part.Form.YAML,
                    text::yaml);
        }
        if (sources.texts().isEmpty()) {
            parts.missing("config/", "the configuration", file + " can't be read");
        }
        return config;
    }

    /** The last part of a path, as a name in the archive. */
    private static String name(String path) {
        String name = String.valueOf(Path.of(path).getFileName()).replaceAll("[^A-Za-z0-9._-]", "_");
        return name.substring(Math.max(0, name.length() - 60));
    }

    /** Names of the NICs that it guards. */
    static Set<String> nics(Config config) {
        Set<String> nics = new TreeSet<>();
        for (Interface each : config.interfaces().values()) {
            nics.addAll(each.mode().nics());
        }
        return nics;
    }

    /** What {@code doctor} says. */
    static void doctor(Parts parts, @Nullable Path file) {
        parts.add(
                "doctor.txt",
                "portcullis doctor",
                Part.Form.TEXT,
                () -> Doctor.examine(file).stream()
                        .map(finding -> finding.grade() + "  " + finding.about() + "  " + finding.found() + "\n")
                        .collect(Collectors.joining()));
    }

    /**
     * The last lines of the log.
     *
     * @param file null: the journal of systemd
     */
    static void log(Parts parts, @Nullable Path file) {
        parts.add("log.txt", "the last lines of the log", Part.Form.TEXT, () -> file == null ? journal() : end(file));
    }

    private static String journal() throws IOException {
        if (!Files.isDirectory(Path.of("/run/systemd/system"))) {
            throw new IOException("systemd does not run here, so there is no journal: --log FILE takes the log");
        }
        return Program.output(
                "journalctl",
                "-q",
                "-u",
                "portcullis",
                "-n",
                Integer.toString(LOG_LINES),
                "--no-pager",
                "--no-hostname",
                "-o",
                "short-iso");
    }

    private static String end(Path log) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long from = Math.max(0, file.length() - LOG_BYTES);
            file.seek(from);
            byte[] bytes = new byte[(int) (file.length() - from)];
            file.readFully(bytes);
            String text = new String(bytes, StandardCharsets.UTF_8);
            // The first line may have lost the beginning of an address.
            return from == 0 ? text : text.substring(text.indexOf('\n') + 1);
        }
    }
}
