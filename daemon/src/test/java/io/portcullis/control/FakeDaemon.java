package io.portcullis.control;

import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.ChangeFiles;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.Health;
import io.portcullis.operations.HistoryReport;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.LogLevels;
import io.portcullis.operations.PanicRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.operations.RollbackRequest;
import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.DropsRequest;
import io.portcullis.operations.traffic.FlowQueries;
import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlowsRequest;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import io.portcullis.operations.traffic.RulesReport;
import io.portcullis.operations.traffic.RulesRequest;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A daemon with answers that a test sets. */
public class FakeDaemon implements DaemonQueries, DaemonCommands {
    static final ReloadReport GOOD = new ReloadReport(true, "2026-01-01T00:00:00Z", 12, List.of(), List.of());
    static final ReloadReport BAD = new ReloadReport(
            false, "2026-01-01T00:00:00Z", 3, List.of("a.yaml:1:2: ports: 70000 is no port"), List.of());

    volatile ReloadReport reload = GOOD;
    volatile boolean allowLockout;
    volatile EmergencyReport emergency = new EmergencyReport(true, List.of(), List.of(), EmergencyStatus.NONE);
    volatile @Nullable PanicRequest panic;
    volatile @Nullable BypassRequest bypass;
    volatile @Nullable RulesRequest askedRules;
    public volatile List<RulesReport.RuleView> rules = List.of();
    volatile Actor actor = Actor.UNKNOWN;
    volatile Health health = new Health(true, List.of());

    @Override
    public DropsReport drops(DropsRequest request) {
        request.reason().filter("nonsense"::equals).ifPresent(label -> {
            throw new IllegalArgumentException("no reason " + label);
        });
        return new DropsReport(List.of(), request.limit(), 1, Map.of("web0", "2026-01-01T00:00:00Z"), List.of());
    }

    @Override
    public FlowQueries flows() {
        return new FlowQueries() {
            @Override
            public CompletableFuture<FlowsReport> flows(FlowsRequest request) {
                return request.conditions().state().isPresent()
                        ? CompletableFuture.failedFuture(new IllegalArgumentException("no state nonsense"))
                        : CompletableFuture.completedFuture(
                                new FlowsReport("2026-01-01T00:00:00Z", 7, request.limit(), List.of()));
            }

            @Override
            public CompletableFuture<TalkersReport> talkers(TalkersRequest request) {
                return CompletableFuture.failedFuture(new IllegalStateException("too many wait"));
            }
        };
    }

    @Override
    public FlushReport flush(FlushRequest request, Actor actor) {
        this.actor = actor;
        return new FlushReport(true, List.of(), List.of(), request.dryRun(), 3, 3, List.of());
    }

    @Override
    public StatusReport status() {
        return new StatusReport(
                "1.2.3",
                4711,
                "2026-01-01T00:00:00Z",
                "/etc/portcullis/portcullis.yaml",
                7,
                42,
                "",
                reload,
                List.of(new InterfaceStatus(
                        "web0",
                        "bridge",
                        "pcap",
                        1,
                        "eth1",
                        "eth2",
                        InterfaceStatus.FORWARDING,
                        true,
                        "",
                        true,
                        List.of("web"),
                        "",
                        5,
                        1_000,
                        Map.of("ingress", 10L, "egress", 9L),
                        Map.of("ingress", 2L, "egress", 0L),
                        Map.of("ingress", Map.of("no-rule", 2L), "egress", Map.of()),
                        Map.of("ingress", 0L, "egress", 0L),
                        Map.of("ingress", Map.of(), "egress", Map.of()),
                        Map.of(),
                        Map.of(),
                        Map.of(),
                        0,
                        "off")),
                List.of(),
                List.of("metrics: metrics.listen 127.0.0.1:9750: address already in use"),
                EmergencyStatus.NONE);
    }

    @Override
    public EmergencyReport panic(PanicRequest request, Actor actor) {
        panic = request;
        return emergency;
    }

    @Override
    public EmergencyReport bypass(BypassRequest request, Actor actor) {
        bypass = request;
        return emergency;
    }

    @Override
    public ReloadReport reload(ReloadRequest request, Actor actor) {
        allowLockout = request.allowLockout();
        this.actor = actor;
        return reload;
    }

    @Override
    public ExplainReport explain(ExplainRequest request) {
        if (!request.interfaceName().equals("web0")) {
            throw new IllegalArgumentException("no interface " + request.interfaceName());
        }
        return new ExplainReport(
                "web0",
                request.ingress() ? "ingress" : "egress",
                request.from() + " > " + request.to(),
                "pass",
                "none",
                "a rule admits it",
                new ExplainReport.RuleView("web/ingress[1]", "portcullis.yaml:7:9", ""),
                null,
                null);
    }

    /** The change that every command reports. */
    static ChangeReport report(Actor actor, List<String> errors) {
        ChangeView change = new ChangeView(
                42,
                "2026-01-01T00:00:00Z",
                ChangeView.By.of(actor, "apply"),
                "",
                "/etc/portcullis/portcullis.yaml",
                "",
                List.of(),
                41,
                ChangeView.APPLIED,
                "",
                List.of(),
                List.of(),
                List.of(),
                true);
        return new ChangeReport(
                errors.isEmpty(),
                false,
                false,
                change,
                List.of(),
                List.of(),
                List.of(),
                null,
                List.of(),
                null,
                "",
                1,
                errors,
                List.of());
    }

    @Override
    public ChangeReport apply(ApplyRequest request, Actor actor) {
        return report(actor, List.of());
    }

    @Override
    public ChangeReport rollback(RollbackRequest request, Actor actor) {
        return report(actor, List.of());
    }

    @Override
    public ChangeReport confirm(Actor actor) {
        return report(actor, List.of("no change waits for a confirmation"));
    }

    @Override
    public RulesReport rules(RulesRequest request) {
        askedRules = request;
        if (request.group().equals("nobody")) {
            throw new IllegalArgumentException("no rule in force is of a group or network ACL nobody: there is web");
        }
        return new RulesReport("2026-01-01T00:00:00Z", 3, request.unusedMs(), rules);
    }

    @Override
    public HistoryReport history(int limit) {
        return new HistoryReport(
                42, 0, "", List.of(report(Actor.UNKNOWN, List.of()).change()));
    }

    @Override
    public ChangeFiles change(long number) {
        if (number != 42) {
            throw new IllegalArgumentException("there is no change @" + number);
        }
        return new ChangeFiles(report(Actor.UNKNOWN, List.of()).change(), List.of());
    }

    @Override
    public Health health() {
        return health;
    }

    volatile LogLevels.@Nullable Request askedLevel;

    @Override
    public LogLevels logLevels() {
        return new LogLevels() {
            @Override
            public Report now() {
                return new Report("info", "info", null);
            }

            @Override
            public Report set(Request request, Actor asking) {
                if (request.level().equals("loud")) {
                    throw new IllegalArgumentException("no log level loud");
                }
                askedLevel = request;
                actor = asking;
                return new Report(request.level(), "info", null);
            }
        };
    }
}
