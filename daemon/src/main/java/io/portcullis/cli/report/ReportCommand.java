package io.portcullis.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.TerminalWidth;
import io.portcullis.config.Config;
import io.portcullis.config.Log.Level;
import io.portcullis.config.Metrics;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.service.process.Logs;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.channels.Channels;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis report}: one archive for a bug report, without addresses, names and secrets. */
@Command(
        name = "report",
        description =
                "Write one archive for a bug report: versions, status, metrics, drops, rules, configuration, log, NICs,"
                        + " processes. Addresses, MAC addresses, host and user names are replaced, secrets are removed. Works"
                        + " without a daemon and without root, and says what is missing.")
public final class ReportCommand implements Callable<Integer> {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneId.systemDefault());

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final DaemonSocket daemon = new DaemonSocket();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration (default: that of the daemon, else /etc/portcullis/portcullis.yaml).")
    private @Nullable Path config;

    @Option(
            names = "--log",
            paramLabel = "FILE",
            description = "Take the end of this file as the log (default: the journal of systemd).")
    private @Nullable Path log;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description =
                    "A new file, or - for standard output (default: portcullis-report-HOST-DATE.tar.gz in this folder).")
    private @Nullable String output;

    @Option(names = "--no-text", description = "Without descriptions, notes, and comments of the configuration.")
    private boolean withoutText;

    @Option(names = "--dry-run", description = "Gather all, list what the archive would have, and write nothing.")
    private boolean dryRun;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        boolean toOutput = "-".equals(output);
        if (toOutput && !dryRun && TerminalWidth.isTerminal()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--output -: an archive is no text for a terminal; write it to a file or a pipe");
        }
        // Nothing but the archive is printed.
        Logs.start(false);
        Logs.level(Level.ERROR);
        Instant now = Instant.now();
        String host = host();
        Archive archive = Archive.of(gather(), new Redactor(new Pseudonyms(), names(host)), withoutText, now);
        if (dryRun) {
            archive.listing().forEach(out::println);
            return Exit.OK;
        }
        String name = output != null
                ? output
                : "portcullis-report-" + host.replaceAll("[^A-Za-z0-9.-]", "_") + "-" + DATE.format(now) + ".tar.gz";
        try {
            if (toOutput) {
                archive.write(new FileOutputStream(FileDescriptor.out));
            } else {
                write(archive, Path.of(name));
                out.println(name + ": " + archive.summary());
                archive.missing().forEach(line -> out.println("  missing: " + line));
            }
            return Exit.OK;
        } catch (FileAlreadyExistsException e) {
            err.println("portcullis: " + name + " exists already: name another file");
        } catch (NoSuchFileException e) {
            err.println("portcullis: " + name + " can't be written: its folder does not exist");
        } catch (IOException e) {
            err.println("portcullis: " + name + " can't be written: " + e.getMessage());
        }
        return Exit.NO;
    }

    private Parts gather() {
        Parts parts = new Parts();
        DaemonParts asked = new DaemonParts(parts, daemon);
        Optional<JsonNode> status = asked.status();
        Path file = config != null
                ? config
                : status.map(report -> Path.of(report.path("config").asText())).orElse(RuleFiles.INSTALLED);
        Optional<Config> read = ConfigParts.configuration(parts, file);
        Set<String> nics = new TreeSet<>();
        read.ifPresent(valid -> nics.addAll(ConfigParts.nics(valid)));
        status.ifPresent(report -> report.path("interfaces").forEach(each -> {
            nics.add(each.path("outside").asText());
            nics.add(each.path("inside").asText());
        }));
        if (status.isPresent()) {
            asked.reports();
            asked.metrics(read.map(Config::metrics).orElse(Metrics.STANDARD));
        }
        ConfigParts.log(parts, log);
        ConfigParts.doctor(parts, Files.exists(file) ? file.toAbsolutePath() : null);
        HostParts.gather(
                parts, nics, status.map(report -> report.path("pid").asLong()).orElse(0L));
        return parts;
    }

    /** Mode 0600 from the beginning; a file that can't be finished is removed. */
    private static void write(Archive archive, Path file) throws IOException {
        try (OutputStream to = Channels.newOutputStream(Files.newByteChannel(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))))) {
            archive.write(to);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (IOException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    private static String host() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** The whole name, and its first part. */
    private static Set<String> names(String host) {
        Set<String> names = new LinkedHashSet<>();
        names.add(host);
        names.add(host.split("\\.", 2)[0]);
        return names;
    }
}
