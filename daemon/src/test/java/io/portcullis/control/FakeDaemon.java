package io.portcullis.control;

import io.portcullis.operations.Actor;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.Health;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.PanicRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.operations.StatusReport;
import java.util.List;
import java.util.Map;
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
    volatile Health health = new Health(true, List.of());

    @Override
    public StatusReport status() {
        return new StatusReport(
                "1.2.3",
                4711,
                "2026-01-01T00:00:00Z",
                "/etc/portcullis/portcullis.yaml",
                7,
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
                        Map.of())),
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

    @Override
    public Health health() {
        return health;
    }
}
