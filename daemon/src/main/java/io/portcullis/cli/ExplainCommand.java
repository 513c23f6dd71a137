package io.portcullis.cli;

import io.portcullis.cli.daemon.DaemonCommand;
import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.text.JsonText;
import io.portcullis.config.Rule;
import io.portcullis.config.read.WellKnown;
import io.portcullis.diagnose.Explain;
import io.portcullis.diagnose.RuleFiles;
import io.portcullis.http.Unreachable;
import io.portcullis.net.Address;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
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
    /** The direction; one of the two options is required. */
    private static final class DirectionOption {
        @Option(names = "--ingress", required = true, description = "It comes from outside.")
        private boolean ingress;

        @Option(names = "--egress", required = true, description = "It comes from inside.")
        private boolean egress;
    }

    /** An address, and a port if the option has one. */
    private record End(Address address, @Nullable String port) {}

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "Answer from this configuration, without the daemon and its flows.")
    private @Nullable Path file;

    @Option(
            names = "--interface",
            paramLabel = "NAME",
            required = true,
            description = "An interface of the configuration.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String interfaceName;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private DirectionOption direction;

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            required = true,
            description = "tcp, udp, icmp, icmpv6, … or a number.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String protocol;

    @Option(
            names = "--from",
            paramLabel = "ADDRESS[:PORT]",
            required = true,
            description =
                    "Source; an IPv6 address with a port in brackets. Rules do not use the port (default: 40000).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String from;

    @Option(
            names = "--to",
            paramLabel = "ADDRESS[:PORT]",
            required = true,
            description = "Destination; with tcp, udp and sctp the port, or the name of its service, belongs to it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String to;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "echo-request",
            description = "Of icmp and icmpv6: name or number (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String type;

    @Option(names = "--code", paramLabel = "CODE", defaultValue = "0", description = "Of icmp and icmpv6 (default: 0).")
    private int code;

    @Option(names = "--vlan", paramLabel = "ID[.ID]", description = "VLAN tags, the outer one first.")
    private @Nullable String vlan;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        ExplainRequest request = request();
        ExplainReport report;
        Path offline = file;
        if (offline == null) {
            report = daemon.ask("GET", "/v1/explain", request.query(), ExplainReport.class);
        } else {
            RuleFiles.Read read = RuleFiles.read(offline, System.in);
            if (read.config().isEmpty()) {
                read.faults().forEach(err::println);
                return Exit.NO;
            }
            try {
                report = Explain.offline(read.config().get(), request);
            } catch (IllegalArgumentException e) {
                throw misuse(e.getMessage());
            }
        }
        if (json) {
            out.println(JsonText.write(report));
        } else {
            print(report, out);
        }
        return report.verdict().equals("drop") ? Exit.NO : Exit.OK;
    }

    private ParameterException misuse(@Nullable String what) {
        return new ParameterException(spec.commandLine(), what == null ? "" : what);
    }

    private ExplainRequest request() {
        int number = WellKnown.protocol(protocol)
                .orElseThrow(() -> misuse(
                        "--protocol " + protocol + ": no such protocol (tcp, udp, icmp, icmpv6, … or 0 to 255)"));
        End source = end("--from", from);
        End destination = end("--to", to);
        boolean ports = Rule.hasPorts(number);
        if (!ports && (source.port != null || destination.port != null)) {
            throw misuse(protocol + " has no ports: write the addresses alone");
        }
        if (ports && destination.port == null) {
            throw misuse("--to " + to + ": the port is missing: write "
                    + (destination.address.isV6() ? "[" + destination.address + "]" : destination.address) + ":PORT");
        }
        if (source.address.isV6() != destination.address.isV6()) {
            throw misuse(from + " and " + to + " are of different families");
        }
        int icmpType = Rule.hasTypes(number)
                ? WellKnown.icmpType(number, type)
                        .orElseThrow(() -> misuse("--type " + type + ": " + protocol + " has no such type"))
                : 0;
        if (code < 0 || code > 255) {
            throw misuse("--code " + code + ": 0 to 255");
        }
        return new ExplainRequest(
                interfaceName,
                direction.ingress && !direction.egress,
                number,
                source.address.toString(),
                !ports ? 0 : source.port == null ? 40_000 : port(number, "--from", source.port),
                destination.address.toString(),
                destination.port == null ? 0 : port(number, "--to", destination.port),
                icmpType,
                Rule.hasTypes(number) ? code : 0,
                vlans());
    }

    private int port(int number, String option, String text) {
        return WellKnown.port(number, text)
                .orElseThrow(() -> misuse(option + ": " + text + " is no port and no service of " + protocol));
    }

    private End end(String option, String text) {
        String address = text;
        String port = null;
        int close = text.indexOf(']');
        if (text.startsWith("[") && close > 0) {
            address = text.substring(1, close);
            String rest = text.substring(close + 1);
            port = rest.startsWith(":") ? rest.substring(1) : rest.isEmpty() ? null : "";
        } else if (text.indexOf(':') == text.lastIndexOf(':') && text.indexOf(':') > 0) {
            address = text.substring(0, text.indexOf(':'));
            port = text.substring(text.indexOf(':') + 1);
        }
        try {
            return new End(Address.parse(address), port);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec.commandLine(),
                    option + " " + text + ": not an address such as 198.51.100.7:40000 or [2001:db8::7]:443",
                    e);
        }
    }

    private int vlans() {
        if (vlan == null) {
            return 0;
        }
        Optional<int[]> ids = vlan.matches("[0-9]{1,4}([.][0-9]{1,4})?")
                ? Optional.of(Stream.of(vlan.split("[.]", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray())
                : Optional.empty();
        int[] all = ids.orElseThrow(() -> misuse("--vlan " + vlan + ": one or two ids, 0 to 4095"));
        int tags = 0;
        for (int id : all) {
            if (id > 4095) {
                throw misuse("--vlan " + vlan + ": one or two ids, 0 to 4095");
            }
            tags = tags << 12 | id;
        }
        return tags;
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
