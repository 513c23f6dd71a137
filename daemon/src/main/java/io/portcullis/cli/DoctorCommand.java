package io.portcullis.cli;

import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.Log.Level;
import io.portcullis.diagnose.Doctor;
import io.portcullis.service.process.Logs;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portcullis doctor}: checks a machine before portcullis runs on it. */
@Command(
        name = "doctor",
        description = "Check whether portcullis can run on this machine, and say what a start would do. Changes"
                + " nothing.")
final class DoctorCommand implements Callable<Integer> {
    private static final Path USUAL = Path.of("/etc/portcullis/portcullis.yaml");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration (default: /etc/portcullis/portcullis.yaml, if it is there).")
    private @Nullable Path config;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Path file = config != null ? config : Files.exists(USUAL) ? USUAL : null;
        Logs.start(false);
        Logs.level(Level.ERROR);
        List<Doctor.Finding> findings = Doctor.examine(file == null ? null : file.toAbsolutePath());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonText.write(findings));
        } else {
            for (Doctor.Finding finding : findings) {
                out.printf(
                        "%-4s  %-15s %s%n",
                        finding.grade() == Doctor.Grade.OK ? "ok" : finding.grade(), finding.about(), finding.found());
            }
            if (file == null) {
                out.println("No configuration yet: --config FILE looks at its NICs and rules too.");
            }
        }
        return findings.stream().noneMatch(finding -> finding.grade() == Doctor.Grade.FAIL) ? Exit.OK : Exit.NO;
    }
}
