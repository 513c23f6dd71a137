package io.portcullis.cli.traffic;

import io.portcullis.cli.daemon.DaemonSocket;
import io.portcullis.cli.daemon.Exit;
import io.portcullis.cli.daemon.TableCommand;
import io.portcullis.cli.text.JsonText;
import io.portcullis.cli.text.TimeOption;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersRequest;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code portcullis flows top}: who sends and receives the most at present. */
@Command(
        name = "top",
        description =
                "Show who sends and receives the most at present: the difference between two moments, for one second.")
final class FlowsTopCommand extends TableCommand {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final FlowFilter filter = new FlowFilter();

    @Option(
            names = "--by",
            paramLabel = "WHAT",
            defaultValue = "peer",
            description = "peer (address outside), flow, rule or port (destination port) (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String by;

    @Option(
            names = "--sort",
            paramLabel = "ORDER",
            defaultValue = "bytes",
            description = "bytes or packets (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String sort;

    @Option(
            names = "--interval",
            paramLabel = "TIME",
            defaultValue = "1s",
            description = "Time between the two moments, 200ms to 3s (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String interval;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many at the most, up to 10000 (default: ${DEFAULT-VALUE}).")
    private int limit;

    @Override
    protected int ask(DaemonSocket daemon, boolean json, PrintWriter out, PrintWriter err)
            throws Unreachable, DaemonSocket.Refused {
        TalkersRequest request;
        try {
            request = new TalkersRequest(
                    filter.conditions(),
                    TalkersRequest.By.of(by),
                    TalkersRequest.Order.of(sort),
                    TimeOption.millis("--interval", interval, "1s"),
                    limit);
        } catch (IllegalArgumentException misuse) {
            throw new ParameterException(spec.commandLine(), misuse.getMessage());
        }
        TalkersReport report = daemon.ask("GET", "/v1/talkers", request.query(), TalkersReport.class);
        if (json) {
            out.println(JsonText.write(report));
        } else {
            new FlowsText(columns()).of(report).forEach(out::println);
        }
        return Exit.OK;
    }
}
