package io.portcullis.cli;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Fault;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.Warning;
import io.portcullis.policy.Expectations;
import io.portcullis.service.NicAddresses;
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

/** {@code portcullis check FILE…}: reads configurations without using them. */
@Command(name = "check", description = "Say whether configuration files are valid; every fault with its place.")
final class CheckCommand implements Callable<Integer> {
    /** What is said of one file. */
    record Checked(String file, boolean valid, String summary, List<String> errors, List<String> warnings) {}

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Configuration files, each a whole configuration.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private List<Path> files;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        List<Checked> all = new ArrayList<>();
        for (Path file : files) {
            all.add(check(file));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.write(all));
        } else {
            PrintWriter err = spec.commandLine().getErr();
            for (Checked each : all) {
                each.errors().forEach(err::println);
                each.warnings().forEach(warning -> err.println("warning: " + warning));
                err.flush();
                if (each.valid()) {
                    out.println(each.file() + ": " + each.summary());
                }
            }
        }
        return all.stream().allMatch(Checked::valid) ? Exit.OK : Exit.NO;
    }

    private static Checked check(Path file) {
        try {
            Config config = NicAddresses.added(Config.load(file));
            List<String> broken =
                    Expectations.broken(config).stream().map(Fault::toString).toList();
            if (!broken.isEmpty()) {
                return new Checked(file.toString(), false, "invalid", broken, List.of());
            }
            List<String> warnings =
                    config.warnings().stream().map(Warning::toString).toList();
            return new Checked(file.toString(), true, summary(config), List.of(), warnings);
        } catch (ConfigException e) {
            List<String> errors = e.faults().stream().map(Fault::toString).toList();
            return new Checked(file.toString(), false, "invalid", errors, List.of());
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
