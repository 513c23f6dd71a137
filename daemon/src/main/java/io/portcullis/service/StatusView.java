package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.history.ChangeLog;
import io.portcullis.metrics.InterfaceState;
import io.portcullis.metrics.Meters;
import io.portcullis.net.Direction;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.StatusReport;
import io.portcullis.service.emergency.Emergency;
import io.portcullis.service.process.Defects;
import io.portcullis.service.process.Version;
import io.portcullis.service.watch.Edits;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The daemon's state for people and programs: status, health, warnings. Waits for nothing; any thread. */
final class StatusView {
    static final int MOST_WARNINGS = 100;

    private final Path file;
    private final Instant startedAt;
    private final DaemonLock lock;
    private final Edits edits;
    private final Servers servers;
    private final ChangeLog log;
    private final Emergency emergency;
    private volatile @Nullable Confirmation confirmation;

    /** Of one run of the daemon. */
    StatusView(
            Path file,
            Instant startedAt,
            DaemonLock lock,
            Edits edits,
            Servers servers,
            ChangeLog log,
            Emergency emergency) {
        this.file = file;
        this.startedAt = startedAt;
        this.lock = lock;
        this.edits = edits;
        this.servers = servers;
        this.emergency = emergency;
        this.log = log;
    }

    /** Shows the change that waits for its confirmation, too. */
    void shows(Confirmation waiting) {
        confirmation = waiting;
    }

    /** {@code GET /v1/status}. */
    StatusReport report(Running now) {
        List<InterfaceStatus> interfaces = new ArrayList<>();
        Config config = now.config();
        Collection<String> names =
                config == null ? now.pending().keySet() : config.interfaces().keySet();
        for (String name : names) {
            GuardedInterface guarded = now.guarded().get(name);
            PendingInterface pending = now.pending().get(name);
            if (guarded != null) {
                interfaces.add(status(guarded));
            } else if (pending != null) {
                interfaces.add(status(pending));
            }
        }
        List<String> degraded = new ArrayList<>();
        degraded(now).forEach((cause, lines) -> lines.forEach(line -> degraded.add(cause + ": " + line)));
        Confirmation waiting = confirmation;
        return new StatusReport(
                Version.text(),
                ProcessHandle.current().pid(),
                startedAt.toString(),
                file.toString(),
                now.number(),
                log.number(),
                waiting == null ? "" : waiting.hindrance().orElse(""),
                now.lastReload(),
                interfaces,
                Stream.of(
                                now.brokenExpectations().stream(),
                                warnings(now).stream(),
                                now.guarded().values().stream().flatMap(iface -> iface.warnings().stream()),
                                now.unguardedNics().stream().map(StatusView::unguardedWarning))
                        .flatMap(lines -> lines)
                        .toList(),
                degraded,
                emergency.status());
    }

    private static InterfaceStatus status(PendingInterface pending) {
        List<String> nics = pending.nics();
        return InterfaceStatus.notGuarded(
                pending.name(),
                pending.mode(),
                nics.isEmpty() ? "" : nics.getFirst(),
                nics.size() < 2 ? "" : nics.get(1),
                pending.state().key(),
                pending.detail(),
                true,
                pending.groups(),
                "");
    }

    private static InterfaceStatus status(GuardedInterface guarded) {
        Interface settings = guarded.settings();
        Counters counters = guarded.workers().counters();
        Map<String, Long> passed = new TreeMap<>();
        Map<String, Long> dropped = new TreeMap<>();
        Map<String, Long> passedBytes = new TreeMap<>();
        Map<String, Long> droppedBytes = new TreeMap<>();
        Map<String, Map<String, Long>> reasons = new TreeMap<>();
        Map<String, Long> audited = new TreeMap<>();
        Map<String, Map<String, Long>> auditedReasons = new TreeMap<>();
        Map<String, Map<String, Long>> refusedFlows = new TreeMap<>();
        for (Direction direction : Direction.values()) {
            long drops = 0;
            long dropBytes = 0;
            Map<String, Long> byReason = new TreeMap<>();
            for (Reason reason : Reason.values()) {
                long packets = counters.packets(direction, reason);
                if (reason == Reason.NONE) {
                    passed.put(direction.label(), packets);
                    passedBytes.put(direction.label(), counters.bytes(direction, reason));
                } else if (packets > 0) {
                    drops += packets;
                    dropBytes += counters.bytes(direction, reason);
                    byReason.put(reason.label(), packets);
                }
            }
            dropped.put(direction.label(), drops);
            droppedBytes.put(direction.label(), dropBytes);
            reasons.put(direction.label(), byReason);
            Map<String, Long> would = wouldDrops(counters, direction);
            audited.put(
                    direction.label(),
                    would.values().stream().mapToLong(Long::longValue).sum());
            auditedReasons.put(direction.label(), would);
        }
        counters.forEachRefused((direction, reason, flows) -> {
            if (flows > 0) {
                refusedFlows.computeIfAbsent(direction, _ -> new TreeMap<>()).put(reason.label(), flows);
            }
        });
        List<String> problems = guarded.problems();
        return new InterfaceStatus(
                settings.name(),
                settings.mode().key(),
                guarded.datapath().key(),
                guarded.workers().count(),
                settings.mode().nics().getFirst(),
                settings.mode() instanceof Mode.Host ? "this host (" + guarded.insideNic() + ")" : guarded.insideNic(),
                problems.isEmpty() ? InterfaceStatus.FORWARDING : InterfaceStatus.STOPPED,
                problems.isEmpty(),
                String.join("; ", problems),
                !settings.audit(),
                settings.securityGroups(),
                Objects.requireNonNullElse(settings.networkAcl(), ""),
                counters.total(Counters.Total.FLOWS),
                guarded.workers().ruleHits().policy().maxFlows(),
                passed,
                dropped,
                reasons,
                audited,
                auditedReasons,
                refusedFlows,
                passedBytes,
                droppedBytes,
                counters.total(Counters.Total.FLOWS_CREATED),
                guarded.offload());
    }

    private static Map<String, Long> wouldDrops(Counters counters, Direction direction) {
        Map<String, Long> byReason = new TreeMap<>();
        for (Reason reason : Reason.values()) {
            long packets = counters.auditedPackets(direction, reason);
            if (packets > 0) {
                byReason.put(reason.label(), packets);
            }
        }
        return byReason;
    }

    /** Why frames can't pass as the rules say, or pass without the rules; none: every interface forwards. */
    List<String> problems(Running now) {
        List<String> problems = new ArrayList<>(emergency.sentences());
        if (now.generation() == null) {
            problems.add(waitingForFile(now));
        }
        now.guardedInOrder().forEach(iface -> problems.addAll(iface.problems()));
        now.pending().values().forEach(iface -> problems.add(iface.toString()));
        Defects.recent().ifPresent(defect -> problems.add("a defect of portcullis: " + defect));
        return problems;
    }

    /** Every cause of {@code portcullis_degraded} with its faults, which don't affect the rules; a cause without faults is fine. */
    Map<String, List<String>> degraded(Running now) {
        Map<String, List<String>> degraded = new LinkedHashMap<>();
        List<String> config = new ArrayList<>();
        if (now.started() && now.generation() == null) {
            config.add(waitingForFile(now));
        } else if (now.isLastGood()) {
            config.add(file + " is faulty: the last good configuration is in force");
        }
        degraded.put("config", config);
        degraded.put("edits", nonEmpty(edits.trouble()));
        degraded.put(
                "flows",
                now.guardedInOrder().stream()
                        .map(GuardedInterface::flowsTrouble)
                        .filter(trouble -> !trouble.isEmpty())
                        .toList());
        degraded.put("notes", notes(now));
        degraded.put("hits", ofEach(now, iface -> iface.hits().troubles().stream()));
        degraded.put("recorder", ofEach(now, iface -> iface.recordingTrouble().stream()));
        degraded.put("history", nonEmpty(log.trouble()));
        degraded.put("metrics", servers.metricsTrouble().stream().toList());
        degraded.put("control", servers.controlTrouble());
        degraded.put("ec2-api", servers.ec2Trouble());
        return degraded;
    }

    /** Sets {@code portcullis_degraded}. */
    void showDegraded(Running now, Meters meters) {
        degraded(now).forEach((cause, faults) -> meters.degraded(cause, !faults.isEmpty()));
        Confirmation waiting = confirmation;
        meters.change(log.number(), log.sha256(), waiting == null ? 0 : waiting.untilEpochSeconds());
    }

    private static List<String> ofEach(Running now, Function<GuardedInterface, Stream<String>> troubles) {
        return now.guardedInOrder().stream().flatMap(troubles).toList();
    }

    private static List<String> nonEmpty(String line) {
        return line.isEmpty() ? List.of() : List.of(line);
    }

    private String waitingForFile(Running now) {
        List<String> faults = now.lastReload().errors();
        return file + " is faulty, and there is no last good configuration: waiting for a valid one"
                + (faults.isEmpty() ? "" : ": " + faults.getFirst())
                + (faults.size() < 2 ? "" : String.format(" (and %,d faults more)", faults.size() - 1));
    }

    /** What could not be written for the next start. */
    private List<String> notes(Running now) {
        List<String> notes = new ArrayList<>(nonEmpty(lock.trouble()));
        notes.addAll(nonEmpty(now.notKept()));
        now.guardedInOrder().forEach(iface -> notes.addAll(iface.warnings()));
        return notes;
    }

    /** Warnings of the configuration in force. The first ones: 100,000 rules may have as many, and {@code check} lists all. */
    List<String> warnings(Running now) {
        Config config = now.config();
        if (config == null) {
            return List.of();
        }
        int all = config.warnings().size();
        List<String> first = config.warnings().stream()
                .limit(MOST_WARNINGS)
                .map(Object::toString)
                .collect(Collectors.toCollection(ArrayList::new));
        if (all > MOST_WARNINGS) {
            first.add(String.format("%s: %,d warnings more: portcullis check lists all", file, all - MOST_WARNINGS));
        }
        return first;
    }

    /** The workers that decide by the rules of the generation before, one sentence each. */
    static List<String> notInstalled(Running now) {
        return now.guardedInOrder().stream()
                .flatMap(iface -> iface.notInstalled().stream())
                .toList();
    }

    /** The log line about a NIC that no interface guards. */
    static String unguardedWarning(String nic) {
        return nic + " is up, has an address that others can reach, and no interface guards it";
    }

    /** {@code web0: bridge, out0 and in0, ring, groups web (3 rules); db0: …}. */
    static String summary(Running now) {
        List<String> parts = new ArrayList<>();
        for (GuardedInterface guarded : now.guardedInOrder()) {
            Interface settings = guarded.settings();
            int workers = guarded.workers().count();
            parts.add(settings.name() + ": " + settings.mode().key() + ", "
                    + String.join(" and ", settings.mode().nics()) + ", "
                    + guarded.datapath().key()
                    + (guarded.offload().equals(InterfaceStatus.OFFLOAD_ON) ? " with offload" : "")
                    + (workers == 1 ? "" : ", " + workers + " workers")
                    + (settings.audit() ? ", NOT GUARDED (enforce: audit)" : "")
                    + (settings.networkAcl() == null ? "" : ", network ACL " + settings.networkAcl())
                    + ", groups "
                    + String.join(" ", settings.securityGroups())
                    + " ("
                    + guarded.workers().ruleHits().policy().ruleCount() + " rules)");
        }
        now.pending().values().forEach(iface -> parts.add(iface.toString()));
        if (now.generation() == null) {
            parts.add("waits for a valid configuration");
        } else if (now.isLastGood()) {
            parts.add("DEGRADED: runs from the last good configuration");
        }
        return String.join("; ", parts);
    }

    /** The interfaces of a status, as metrics show them. */
    static List<InterfaceState> states(StatusReport status) {
        return status.interfaces().stream().map(StatusView::state).toList();
    }

    private static InterfaceState state(InterfaceStatus status) {
        // The inside of a host is no NIC of the configuration.
        boolean bridge = status.mode().equals("bridge") && !status.inside().isEmpty();
        return new InterfaceState(
                status.name(),
                status.mode(),
                bridge ? status.outside() + "," + status.inside() : status.outside(),
                status.datapath(),
                status.forwarding());
    }
}
