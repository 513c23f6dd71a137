package io.portcullis.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.diagnose.Explain;
import io.portcullis.diagnose.HostView;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.LoggedPacket;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis explain}: the verdict about a packet, and its cause. */
@Command(
        name = "explain",
        description = "Say whether a packet that opens a flow would pass, and why: which rule admits it, or which check"
                + " drops it"
                + " and which rule comes nearest. Without --file the running daemon answers, which knows"
                + " its flows.")
final class ExplainCommand extends DaemonCommand {
    /** The packet: its options, or a line about it. */
    private static final class Asked {
        @ArgGroup(exclusive = false)
        private @Nullable PacketOptions packet;

        @Option(
                names = "--log",
                paramLabel = "LINE",
                description =
                        "The packet of this line of the log, as the daemon writes it or journalctl shows it, or of"
                                + " an object that drops --json prints.")
        private @Nullable String line;
    }

    /**
     * The answer about a line of the log.
     *
     * @param event of the line
     * @param reason of the line
     * @param now the verdict now
     * @param host what this host would make of the packet, one sentence each
     */
    private record OfLine(String event, String reason, ExplainReport now, List<String> host) {}

    private static final String BRIDGE = "bridge";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "Answer from this configuration, without the daemon and its flows.")
    private @Nullable Path file;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Asked asked;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        LoggedPacket logged = asked.line == null ? null : logged(asked.line);
        ExplainRequest request =
                logged == null ? Objects.requireNonNull(asked.packet).request(spec.commandLine()) : request(logged);
        ExplainReport report;
        boolean isBridge = false;
        Path offline = file;
        if (offline == null) {
            report = daemon.ask("GET", "/v1/explain", request.query(), ExplainReport.class);
            isBridge = logged != null
                    && daemon.ask("GET", "/v1/status", Map.of(), StatusReport.class).interfaces().stream()
                            .anyMatch(iface -> iface.name().equals(logged.interfaceName())
                                    && iface.mode().equals(BRIDGE));
        } else {
            RuleFiles.Read read = RuleFiles.read(offline, System.in);
            if (read.config().isEmpty()) {
                read.faults().forEach(err::println);
                return Exit.NO;
            }
            Config config = read.config().get();
            try {
                report = Explain.offline(config, request);
            } catch (IllegalArgumentException e) {
                throw misuse(e.getMessage());
            }
            Interface iface = config.interfaces().get(request.interfaceName());
            isBridge = iface != null && iface.mode().key().equals(BRIDGE);
        }
        print(report, logged, logged == null ? List.of() : HostView.of(logged, isBridge), json, out);
        return report.verdict().equals("drop") ? Exit.NO : Exit.OK;
    }

    private LoggedPacket logged(String line) {
        try {
            return line.strip().startsWith("{")
                    ? LoggedPacket.of(JsonText.read(line, DropsReport.DropView.class))
                    : LoggedPacket.parse(line);
        } catch (IllegalArgumentException e) {
            throw misuse("--log: " + e.getMessage());
        } catch (JsonProcessingException e) {
            throw misuse("--log: " + LoggedPacket.NO_RECORD);
        }
    }

    private static ExplainRequest request(LoggedPacket logged) {
        return new ExplainRequest(
                logged.interfaceName(),
                logged.direction().equals("ingress"),
                logged.protocol(),
                logged.from().toString(),
                logged.fromPort(),
                logged.to().toString(),
                logged.toPort(),
                logged.type(),
                logged.code(),
                logged.vlans());
    }

    private static void print(
            ExplainReport report, @Nullable LoggedPacket logged, List<String> host, boolean json, PrintWriter out) {
        if (json) {
            out.println(JsonText.write(
                    logged == null ? report : new OfLine(logged.event(), logged.reason(), report, host)));
            return;
        }
        if (logged != null) {
            out.println("then: " + logged.event() + (logged.reason().isEmpty() ? "" : " (" + logged.reason() + ")")
                    + (isOfRules(logged.reason())
                            ? ""
                            : ", for that packet itself; this is about the first packet of a new flow:"));
        }
        print(report, out);
        host.forEach(sentence -> out.println("  host: " + sentence));
    }

    /** True: the verdict is the same for the first packet of a flow. */
    private static boolean isOfRules(String reason) {
        return List.of("", "no-rule", "acl-deny", "acl-default", "panic", "flow-limit", "bad-address", "source-check")
                .contains(reason);
    }

    private ParameterException misuse(@Nullable String what) {
        return new ParameterException(spec.commandLine(), what == null ? "" : what);
    }

    private static void print(ExplainReport report, PrintWriter out) {
        String why = report.reason().equals("none") ? "" : " (" + report.reason() + ")";
        out.println(report.verdict().toUpperCase(Locale.ROOT) + why + "  " + report.interfaceName() + " "
                + report.direction() + " " + report.packet());
        out.println("  " + report.text());
        ExplainReport.RuleView rule = report.rule();
        if (rule != null) {
            out.println("  " + rule.id() + (rule.place().isEmpty() ? "" : " at " + rule.place())
                    + (rule.description().isEmpty() ? "" : ": " + rule.description()));
        }
        ExplainReport.NearestView nearest = report.nearest();
        if (nearest != null) {
            out.println("  nearest: " + nearest.why() + " at " + nearest.place()
                    + (nearest.description().isEmpty() ? "" : ": " + nearest.description()));
        }
        ExplainReport.FlowView flow = report.flow();
        if (flow != null) {
            out.printf(
                    Locale.ROOT,
                    "  flow: %s, opened %s, %s, idle %.1f s of %.0f s, rule %s%s%n",
                    flow.state(),
                    flow.direction().equals("ingress") ? "from outside" : "from inside",
                    flow.replied() ? "both sides have spoken" : "not answered yet",
                    flow.idleSeconds(),
                    flow.timeoutSeconds(),
                    flow.rule(),
                    flow.failsafe() ? ", marked failsafe" : "");
            Double age = flow.ageSeconds();
            out.printf(
                    Locale.ROOT,
                    "  traffic: ingress %,d packets, %,d bytes; egress %,d packets, %,d bytes; %s%n",
                    flow.ingressPackets(),
                    flow.ingressBytes(),
                    flow.egressPackets(),
                    flow.egressBytes(),
                    age == null
                            ? "since the last upgrade"
                            : String.format(Locale.ROOT, "first packet %.1f s ago", age));
        }
        if (report.verdict().equals("would-drop")) {
            out.println("  enforce: audit: it passes all the same, nobody is kept out");
        }
    }
}
