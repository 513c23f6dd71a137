package io.portcullis.cli;

import io.portcullis.config.ConfigException;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis apply FILE|-}: puts another configuration in force, and in place of the installed one. */
@Command(
        name = "apply",
        description = {
            "Put another configuration in force, and in place of the installed files; with --confirm it goes back by itself.",
            "Files that FILE includes beside itself are installed with it; where there are none, the installed ones stay."
        })
final class ApplyCommand extends ChangeCommand {
    private static final Path STANDARD_INPUT = Path.of("-");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "The new configuration; - is standard input.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path file;

    private @Nullable ApplyRequest request;

    @Override
    Call call(ChangeOptions options) {
        ApplyRequest read = request == null ? read() : request;
        request = read;
        return new Call("/v1/apply", read.with(options));
    }

    private ApplyRequest read() {
        try {
            return file.equals(STANDARD_INPUT)
                    ? alone(new String(System.in.readAllBytes(), StandardCharsets.UTF_8))
                    : files();
        } catch (IOException e) {
            throw new ParameterException(spec.commandLine(), file + " can't be read: " + e.getMessage());
        }
    }

    private static ApplyRequest alone(String text) {
        return new ApplyRequest(List.of(new ApplyRequest.File("", text)), false, ChangeOptions.PLAIN);
    }

    /** The file, and those that it includes below its folder. Whether they are valid is the daemon's to say. */
    private ApplyRequest files() throws IOException {
        Path main = file.toAbsolutePath().normalize();
        Path folder = Objects.requireNonNull(main.getParent());
        SourceFiles sources = new SourceFiles();
        try {
            var _ = ConfigReader.load(main, sources);
        } catch (ConfigException faulty) {
            // The daemon finds the same faults, and names them by the installed files.
        }
        List<ApplyRequest.File> files = new ArrayList<>();
        for (SourceText text : sources.texts()) {
            Path path = Path.of(text.name()).toAbsolutePath().normalize();
            if (path.equals(main)) {
                files.addFirst(new ApplyRequest.File("", text.yaml()));
            } else if (path.startsWith(folder)) {
                files.add(new ApplyRequest.File(folder.relativize(path).toString(), text.yaml()));
            }
        }
        if (files.isEmpty() || !files.getFirst().path().isEmpty()) {
            return alone(Files.readString(main));
        }
        return new ApplyRequest(files, files.size() > 1, ChangeOptions.PLAIN);
    }
}
