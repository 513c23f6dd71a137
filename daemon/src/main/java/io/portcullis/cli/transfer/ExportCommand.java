package io.portcullis.cli.transfer;

import io.portcullis.cli.text.JsonText;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.transfer.Note;
import io.portcullis.ec2.transfer.export.Ec2Json;
import io.portcullis.ec2.transfer.export.Terraform;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis export ec2|terraform}: prints a configuration in the form of another program. */
@Command(
        name = "export",
        description =
                "Print the rules of a configuration for EC2. ec2 prints the JSON of aws ec2 describe-security-groups"
                        + " and the like, terraform prints resources of the AWS provider. What has no counterpart is reported on"
                        + " standard error.")
public final class ExportCommand implements Callable<Integer> {
    /** What is printed. */
    enum Format {
        /** JSON of EC2's describe calls. */
        EC2,
        /** Resources. */
        TERRAFORM;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "ec2|terraform", description = "What is printed.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Format format;

    @Parameters(
            index = "1..*",
            arity = "0..*",
            paramLabel = "KIND",
            description =
                    "With ec2: security-groups, security-group-rules, prefix-lists (with their entries), network-acls,"
                            + " network-interfaces; without one all but security-group-rules.")
    private List<String> kinds = new ArrayList<>();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration; - is standard input (default: /etc/portcullis/portcullis.yaml).")
    private Path config = RuleFiles.INSTALLED;

    @Override
    public Integer call() {
        if (format == Format.TERRAFORM && !kinds.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "KIND is for ec2 only");
        }
        Set<Ec2Json.Kind> chosen = chosen();
        PrintWriter err = spec.commandLine().getErr();
        RuleFiles.Read read = RuleFiles.read(config, System.in);
        if (read.config().isEmpty()) {
            read.faults().forEach(err::println);
            return ExitCode.SOFTWARE;
        }
        Cloud cloud = ThisHost.cloud(read.config().get());
        List<Note> notes = switch (format) {
            case EC2 -> ec2(cloud, chosen);
            case TERRAFORM -> terraform(cloud);
        };
        notes.forEach(note -> err.println("note: " + note));
        return ExitCode.OK;
    }

    private Set<Ec2Json.Kind> chosen() {
        Map<String, Ec2Json.Kind> all = new LinkedHashMap<>();
        for (Ec2Json.Kind kind : Ec2Json.Kind.values()) {
            all.put(kind.name().toLowerCase(Locale.ROOT).replace('_', '-'), kind);
        }
        Set<Ec2Json.Kind> chosen = EnumSet.noneOf(Ec2Json.Kind.class);
        for (String text : kinds) {
            Ec2Json.Kind kind = all.get(text);
            if (kind == null) {
                throw new ParameterException(
                        spec.commandLine(), text + ": must be one of " + String.join(", ", all.keySet()));
            }
            chosen.add(kind);
        }
        return kinds.isEmpty() ? Ec2Json.Kind.USUAL : chosen;
    }

    private List<Note> ec2(Cloud cloud, Set<Ec2Json.Kind> chosen) {
        Ec2Json.Result result = Ec2Json.of(cloud, chosen);
        spec.commandLine().getOut().println(JsonText.write(result.answers()));
        return result.notes();
    }

    private List<Note> terraform(Cloud cloud) {
        Terraform.Result result = Terraform.of(cloud);
        PrintWriter out = spec.commandLine().getOut();
        out.print(result.hcl());
        out.flush();
        return result.notes();
    }
}
