package io.portcullis.cli.traffic;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.daemon.TableCommand;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.TerminalWidth;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.DropsRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis drops}: what was dropped, why, and which rule came nearest. */
@Command(
        name = "drops",
        description =
                "List what was dropped in the last minutes: when, why, and which rule came nearest. Packets of one"
                        + " second with the same source, destination, port and reason are one line.")
public final class DropsCommand extends TableCommand {
    private static final long PERIOD_NS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final String USUAL = "10m";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final TrafficFilter filter = new TrafficFilter();

    @Option(names = "--reason", paramLabel = "REASON", description = "Only drops for this reason, such as no-rule.")
    private @Nullable String reason;

    @Option(
            names = "--rule",
            paramLabel = "ID",
            description =
                    "Only drops to which this rule came nearest, such as web/ingress[1], or a rule of a group, such as web.")
    private @Nullable String rule;

    @Option(names = "--since", paramLabel = "TIME", description = "How long ago at the most (default: " + USUAL + ").")
    private @Nullable String since;

    @Option(
            names = "--sort",
            paramLabel = "ORDER",
            description = "time, the oldest first (the default), or count, the most packets first.")
    private @Nullable String sort;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "1000",
            description =
                    "How many lines at the most, the latest, or the first of --sort count (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Option(names = "--follow", description = "Go on with those that come, each when its second is over.")
    private boolean follow;

    @Option(
            names = "--write",
            paramLabel = "FILE",
            description =
                    "Write the beginning of each first packet to a pcapng file for Wireshark, with reason and nearest"
                            + " rule as comment.")
    private @Nullable Path file;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        if (follow && file != null) {
            throw new ParameterException(spec.commandLine(), "--follow and --write exclude each other");
        }
        if (follow && sort != null) {
            throw new ParameterException(spec.commandLine(), "--follow and --sort exclude each other");
        }
        if (isWatched() && (follow || file != null)) {
            throw new ParameterException(spec.commandLine(), "--watch and --follow or --write exclude each other");
        }
        Map<String, String> query = query();
        if (follow) {
            return follow(daemon, query, json, out);
        }
        DropsReport report = daemon.ask("GET", "/v1/drops", query, DropsReport.class);
        if (file != null) {
            return write(file, report, out, err);
        }
        if (json) {
            out.println(JsonText.write(report));
        } else {
            new DropsText(ZoneId.systemDefault(), columns()).of(report).forEach(out::println);
        }
        return Exit.OK;
    }

    private Map<String, String> query() {
        try {
            Map<String, String> query = filter.query();
            if (reason != null) {
                query.put("reason", reason);
            }
            if (rule != null) {
                query.put("rule", rule);
            }
            if (sort != null) {
                query.put("sort", DropsRequest.Order.of(sort).label());
            }
            long seconds = TrafficFilter.seconds("--since", since != null ? since : follow ? "0s" : USUAL);
            if (follow) {
                long nowNs = TimeUnit.MILLISECONDS.toNanos(Instant.now().toEpochMilli());
                query.put("after", Long.toString(nowNs - TimeUnit.SECONDS.toNanos(seconds)));
            } else {
                query.put("since", Long.toString(seconds));
            }
            query.put("limit", Integer.toString(Math.clamp(limit, 1, DropsRequest.MOST)));
            if (file != null) {
                query.put("frames", "true");
            }
            return query;
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
    }

    /** Ends with the program, or when the reader of the output is gone. */
    private static int follow(DaemonSocket daemon, Map<String, String> query, boolean json, PrintWriter out)
            throws Unreachable, DaemonSocket.Refused {
        DropsText text = new DropsText(ZoneId.systemDefault(), TerminalWidth.columns());
        boolean titled = true;
        while (!out.checkError()) {
            DropsReport report = daemon.ask("GET", "/v1/drops", query, DropsReport.class);
            query.put("after", Long.toString(report.untilEpochNs()));
            if (json) {
                report.drops().forEach(drop -> out.println(JsonText.line(drop)));
            } else if (!report.drops().isEmpty()) {
                text.rows(report.drops(), titled).forEach(out::println);
                titled = false;
            }
            LockSupport.parkNanos(PERIOD_NS);
        }
        return Exit.OK;
    }

    private static int write(Path file, DropsReport report, PrintWriter out, PrintWriter err) {
        try {
            DropsCapture.write(file, report);
        } catch (IOException e) {
            err.println("portcullis: " + file + " can't be written: " + e.getMessage());
            return Exit.NO;
        }
        out.println(report.drops().size() + " packets are in " + file
                + (report.notShown() == 0 ? "" : "; " + report.notShown() + " more match: --limit takes more"));
        return Exit.OK;
    }
}
