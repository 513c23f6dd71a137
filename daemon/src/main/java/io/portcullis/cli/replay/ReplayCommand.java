package io.portcullis.cli.replay;

import io.portcullis.config.Config;
import io.portcullis.config.Log.Level;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.linux.FileFault;
import io.portcullis.service.process.Logs;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portcullis replay FILE}: what the rules do with the frames of a capture file. */
@Command(
        name = "replay",
        description =
                "Put the frames of a capture file (pcap or pcapng) through the engine, under the rules of one interface and"
                        + " with the clock of the capture, and print the verdicts. Needs no privilege and no daemon. It begins"
                        + " without tracked flows, as a daemon does that starts for the first time.")
public final class ReplayCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "A capture of Ethernet, of tcpdump -i any, or of raw IP.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path capture;

    @Option(
            names = "--interface",
            paramLabel = "NAME",
            description = "An interface of the configuration; not needed where there is one only.")
    private @Nullable String interfaceName;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The configuration (default: the installed one, /etc/portcullis/portcullis.yaml).")
    private Path config = RuleFiles.INSTALLED;

    @Option(
            names = "--local",
            paramLabel = "ADDRESS",
            split = ",",
            description =
                    "Who is inside: IP addresses, CIDR blocks or MAC addresses, separated by commas. A frame from there is egress,"
                            + " a frame to there ingress. Default: the addresses of the interface, if the capture has one of them; in host"
                            + " mode else the address that takes part in most frames.")
    private List<String> local = new ArrayList<>();

    @Option(names = "--list", description = "Print each frame with its verdict.")
    private boolean list;

    @Option(
            names = "--expect",
            paramLabel = "VERDICTS.json",
            description =
                    "Compare with verdicts that 'replay --json --list' printed before; exit with 1 if one differs.")
    private @Nullable Path expect;

    @Option(
            names = "--write-dropped",
            paramLabel = "OUT.pcapng",
            description =
                    "Write the frames that are or would be dropped to a file, with reason and nearest rule as comment.")
    private @Nullable Path dropped;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        Logs.start(false);
        Logs.level(Level.ERROR);
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        LocalEnds given = given();
        refuseToOverwrite();
        RuleFiles.Read read = RuleFiles.read(config, System.in);
        if (read.config().isEmpty()) {
            read.faults().forEach(err::println);
            return ExitCode.SOFTWARE;
        }
        String chosen = chosen(read.config().get());
        try {
            ExpectedVerdicts expected = expect == null ? null : ExpectedVerdicts.read(expect);
            Outcome outcome = new ReplayRun(capture, read.config().get(), chosen, given, expected, dropped)
                    .run(causes -> json ? new JsonReport(out, causes, list) : new TextReport(out, causes, list));
            if (!outcome.error().isEmpty()) {
                err.println("portcullis: " + outcome.error() + "; what was read before it is reported");
            }
            return outcome.isGood() ? ExitCode.OK : ExitCode.SOFTWARE;
        } catch (CaptureException e) {
            err.println("portcullis: " + e.getMessage());
            return ExitCode.SOFTWARE;
        } catch (IOException e) {
            err.println("portcullis: " + FileFault.text(e));
            return ExitCode.SOFTWARE;
        }
    }

    private LocalEnds given() {
        try {
            return LocalEnds.parse(local);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--local " + e.getMessage(), e);
        }
    }

    private String chosen(Config read) {
        List<String> names = List.copyOf(read.interfaces().keySet());
        String name = interfaceName == null && names.size() == 1 ? names.getFirst() : interfaceName;
        if (name == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--interface is missing: " + config + " has "
                            + (names.isEmpty() ? "no interface" : String.join(", ", names)));
        }
        if (!names.contains(name)) {
            throw new ParameterException(
                    spec.commandLine(),
                    "no interface " + name + ": there is " + (names.isEmpty() ? "none" : String.join(", ", names)));
        }
        return name;
    }

    private void refuseToOverwrite() {
        Path target = dropped;
        for (Path source : target == null ? List.<Path>of() : sources()) {
            try {
                if (Files.exists(target) && Files.exists(source) && Files.isSameFile(target, source)) {
                    throw new ParameterException(
                            spec.commandLine(), "--write-dropped " + target + " would overwrite " + source);
                }
            } catch (IOException e) {
                throw new ParameterException(spec.commandLine(), FileFault.text(e), e);
            }
        }
    }

    private List<Path> sources() {
        List<Path> sources = new ArrayList<>(List.of(capture, config));
        if (expect != null) {
            sources.add(expect);
        }
        return sources;
    }
}
