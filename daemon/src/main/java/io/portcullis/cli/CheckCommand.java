package io.portcullis.cli;

import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.Finding;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.Ec2Api;
import io.portcullis.config.Location;
import io.portcullis.config.Log.Level;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.Warning;
import io.portcullis.diagnose.Ec2Files;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.service.process.Logs;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis check [FILE…|-]}: checks configurations, and changes nothing. */
@Command(name = "check", description = "Say whether configuration files are valid; every fault with its place.")
final class CheckCommand implements Callable<Integer> {
    /** The result for one file, in its JSON shape. */
    record Checked(String file, boolean valid, String summary, List<Finding> errors, List<Finding> warnings) {}

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(
            paramLabel = "FILE",
            arity = "0..*",
            description =
                    "Configuration files, each a whole configuration; - is standard input. Without one the installed"
                            + " file, /etc/portcullis/portcullis.yaml.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        List<Checked> all = new ArrayList<>();
        for (Path file : files.isEmpty() ? List.of(RuleFiles.INSTALLED) : files) {
            all.add(check(file));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonText.write(all));
        }
        return all.stream().allMatch(Checked::valid) ? Exit.OK : Exit.NO;
    }

    private Checked check(Path file) {
        RuleFiles.Read read = RuleFiles.read(file, System.in);
        List<ConfigError> faults = new ArrayList<>(read.faults());
        read.config().ifPresent(config -> faults.addAll(RuleFiles.broken(file, config)));
        List<Warning> warnings = faults.isEmpty()
                ? read.config().map(config -> warnings(file, config)).orElse(List.of())
                : List.of();
        String summary =
                faults.isEmpty() ? read.config().map(CheckCommand::summary).orElse("invalid") : "invalid";
        if (!json) {
            print(file, faults, warnings, summary);
        }
        return new Checked(
                file.toString(),
                faults.isEmpty(),
                summary,
                faults.stream().map(Finding::of).toList(),
                warnings.stream().map(Finding::of).toList());
    }

    private static List<Warning> warnings(Path file, Config config) {
        List<Warning> warnings = new ArrayList<>(config.warnings());
        Ec2Api api = config.ec2Api();
        if (api != null) {
            // The readers of these files log for a daemon.
            Logs.start(false);
            Logs.level(Level.ERROR);
            Ec2Files.faults(api, file.equals(RuleFiles.INSTALLED))
                    .forEach(fault -> warnings.add(new Warning(Location.of(file.toString()), "ec2-api: " + fault)));
        }
        return warnings;
    }

    private void print(Path file, List<ConfigError> faults, List<Warning> warnings, String summary) {
        PrintWriter err = spec.commandLine().getErr();
        for (ConfigError fault : faults) {
            err.println(fault);
            fault.excerpt().forEach(line -> err.println("    " + line));
        }
        warnings.forEach(warning -> err.println("warning: " + warning));
        err.flush();
        if (faults.isEmpty()) {
            spec.commandLine().getOut().println(file + ": " + summary);
        }
    }

    private static String summary(Config config) {
        int rules = 0;
        for (SecurityGroup group : config.securityGroups().values()) {
            List<?> egress = group.egress();
            rules += group.ingress().size() + (egress == null ? 0 : egress.size());
        }
        return "valid: "
                + counted(config.interfaces().size(), "interface")
                + ", "
                + counted(config.securityGroups().size(), "security group")
                + ", "
                + counted(rules, "rule")
                + (config.expectations().isEmpty()
                        ? ""
                        : ", " + counted(config.expectations().size(), "claim") + " proved");
    }

    private static String counted(int count, String what) {
        return count + " " + what + (count == 1 ? "" : "s");
    }
}
