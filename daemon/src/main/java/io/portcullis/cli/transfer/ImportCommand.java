package io.portcullis.cli.transfer;

import io.portcullis.cli.text.Finding;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.transfer.Choice;
import io.portcullis.ec2.transfer.Import;
import io.portcullis.ec2.transfer.JsonFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code portcullis import ec2 FILE…}: makes a configuration of what the AWS CLI prints. */
@Command(
        name = "import",
        description =
                "Print the rules of another firewall as a configuration. ec2 takes the JSON that the AWS CLI prints:"
                        + " describe-security-groups, describe-security-group-rules, describe-network-acls,"
                        + " describe-managed-prefix-lists, get-managed-prefix-list-entries (a file for each list, with the list's id"
                        + " in its name), describe-network-interfaces, describe-launch-template-versions, or the data of a launch"
                        + " template. What has no counterpart is reported on standard error.")
public final class ImportCommand implements Callable<Integer> {
    /** Where rules come from. */
    enum Format {
        /** Security groups of EC2. */
        EC2;

        @Override
        public String toString() {
            return "ec2";
        }
    }

    /** The outcome in its JSON shape; yaml is null if there are errors, or the result is in a file. */
    record Imported(@Nullable String yaml, @Nullable String output, List<Finding> findings) {}

    /** Reads {@code --interface}. */
    static final class ChoiceConverter implements ITypeConverter<Choice> {
        @Override
        public Choice convert(String text) {
            try {
                return Choice.parse(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private static final Path STANDARD_INPUT = Path.of("-");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "ec2", description = "Where the rules come from.")
    @SuppressWarnings({"NullAway.Init", "UnusedVariable"}) // picocli sets it; there is one value
    private Format format;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "FILE",
            description = "JSON files, in any order; - is standard input.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "--interface",
            paramLabel = "WHICH=NAME[:NIC]",
            converter = ChoiceConverter.class,
            description =
                    "The interface of this host that a network interface becomes: WHICH is its DeviceIndex, its subnet's"
                            + " id or its own id. Without NIC the one that the interface has in --config, else NAME. May be"
                            + " given several times.")
    private List<Choice> choices = new ArrayList<>();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description =
                    "The configuration from which interfaces take mode and NICs (default: the installed one, if it can be"
                            + " read).")
    private @Nullable Path config;

    @Option(names = "--output", paramLabel = "FILE", description = "Write the configuration to a new file.")
    private @Nullable Path output;

    @Option(names = "--force", description = "With --output: even if the file exists.")
    private boolean force;

    @Option(names = "--json", description = "Print JSON: the configuration and the report.")
    private boolean json;

    @Override
    public Integer call() {
        List<ConfigError> faults = new ArrayList<>();
        List<JsonFile> texts = new ArrayList<>();
        for (Path file : files) {
            try {
                texts.add(new JsonFile(file.toString(), text(file)));
            } catch (IOException e) {
                faults.add(new ConfigError(Location.of(file.toString()), reason(e)));
            }
        }
        Optional<Cloud> existing = existing(faults);
        Import.Result result = faults.isEmpty()
                ? Import.of(texts, choices, existing)
                : new Import.Result(Optional.empty(), faults, List.of());
        List<ConfigError> errors = new ArrayList<>(result.errors());
        Path file = output;
        if (file != null && result.yaml().isPresent()) {
            write(file, result.yaml().get()).ifPresent(errors::add);
        }
        print(result, errors);
        return errors.isEmpty() ? ExitCode.OK : ExitCode.SOFTWARE;
    }

    private static String text(Path file) throws IOException {
        return file.equals(STANDARD_INPUT)
                ? StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(System.in.readAllBytes()))
                        .toString()
                : Files.readString(file);
    }

    private static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "no such file";
            case CharacterCodingException _ -> "cannot be read: not UTF-8";
            default -> "cannot be read: " + e.getMessage();
        };
    }

    /** The configuration of --config, or the installed one if it is valid. */
    private Optional<Cloud> existing(List<ConfigError> faults) {
        Path file = config;
        if (file == null && !Files.isReadable(RuleFiles.INSTALLED)) {
            return Optional.empty();
        }
        RuleFiles.Read read = RuleFiles.read(file == null ? RuleFiles.INSTALLED : file, System.in);
        if (file != null) {
            faults.addAll(read.faults());
        }
        return read.config().map(ThisHost::cloud);
    }

    private Optional<ConfigError> write(Path file, String yaml) {
        try {
            if (force) {
                Files.writeString(file, yaml);
            } else {
                Files.writeString(file, yaml, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            }
            return Optional.empty();
        } catch (FileAlreadyExistsException _) {
            return Optional.of(
                    new ConfigError(Location.of(file.toString()), "exists already: name another file, or add --force"));
        } catch (IOException e) {
            return Optional.of(new ConfigError(Location.of(file.toString()), "cannot be written: " + e.getMessage()));
        }
    }

    private void print(Import.Result result, List<ConfigError> errors) {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        String yaml = errors.isEmpty() && output == null ? result.yaml().orElse(null) : null;
        if (json) {
            List<Finding> findings = Stream.concat(
                            errors.stream().map(Finding::of),
                            result.notes().stream().map(note -> Finding.of(note.location(), "note", note.text())))
                    .toList();
            out.println(JsonText.write(
                    new Imported(yaml, errors.isEmpty() && output != null ? output.toString() : null, findings)));
            return;
        }
        errors.forEach(err::println);
        result.notes().forEach(note -> err.println("note: " + note));
        err.flush();
        if (yaml != null) {
            out.print(yaml);
            out.flush();
        }
    }
}
