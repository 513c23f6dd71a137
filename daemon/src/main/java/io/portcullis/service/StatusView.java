package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Mode;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.net.Direction;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.StatusReport;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A moment of the daemon as people and programs see it from outside. Waits for nothing. */
final class StatusView {
    private static final int MOST_WARNINGS = 100;

    private StatusView() {}

    /** {@code GET /v1/status}. */
    static StatusReport report(
            Running now, Path file, Instant startedAt, List<String> brokenClaims, List<String> degraded) {
        List<InterfaceStatus> interfaces = new ArrayList<>();
        Config config = now.config();
        Collection<String> names =
                config == null ? now.waiting().keySet() : config.interfaces().keySet();
        for (String name : names) {
            GuardedInterface each = now.guarded().get(name);
            Waiting waiting = now.waiting().get(name);
            if (each != null) {
                interfaces.add(guarded(each));
            } else if (waiting != null) {
                interfaces.add(waiting(waiting));
            }
        }
        return new StatusReport(
                Version.text(),
                ProcessHandle.current().pid(),
                startedAt.toString(),
                file.toString(),
                now.generation(),
                now.lastReload(),
                interfaces,
                Stream.of(
                                brokenClaims.stream(),
                                warnings(config, file).stream(),
                                now.guarded().values().stream().flatMap(each -> each.warnings().stream()),
                                now.unguarded().stream().map(StatusView::unguardedWarning))
                        .flatMap(each -> each)
                        .toList(),
                degraded);
    }

    private static InterfaceStatus waiting(Waiting each) {
        return InterfaceStatus.notGuarded(
                each.name(),
                each.mode(),
                each.nics().isEmpty() ? "" : each.nics().getFirst(),
                each.nics().size() < 2 ? "" : each.nics().get(1),
                each.state().key(),
                each.detail(),
                true,
                each.groups(),
                "");
    }

    private static InterfaceStatus guarded(GuardedInterface each) {
        Interface attachment = each.attachment();
        Counters counters = each.workers().counters();
        Map<String, Long> passed = new TreeMap<>();
        Map<String, Long> dropped = new TreeMap<>();
        Map<String, Map<String, Long>> reasons = new TreeMap<>();
        Map<String, Long> audited = new TreeMap<>();
        Map<String, Map<String, Long>> auditedReasons = new TreeMap<>();
        Map<String, Map<String, Long>> refusedFlows = new TreeMap<>();
        for (Direction direction : Direction.values()) {
            long drops = 0;
            Map<String, Long> byReason = new TreeMap<>();
            for (Reason reason : Reason.values()) {
                long packets = counters.packets(direction, reason);
                if (reason == Reason.NONE) {
                    passed.put(direction.label(), packets);
                } else if (packets > 0) {
                    drops += packets;
                    byReason.put(reason.label(), packets);
                }
            }
            dropped.put(direction.label(), drops);
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
        List<String> problems = each.problems();
        return new InterfaceStatus(
                attachment.name(),
                attachment.mode().key(),
                each.datapath().key(),
                each.workers().count(),
                attachment.mode().nics().getFirst(),
                attachment.mode() instanceof Mode.Host ? "this host (" + each.insideNic() + ")" : each.insideNic(),
                problems.isEmpty() ? InterfaceStatus.FORWARDING : InterfaceStatus.STOPPED,
                problems.isEmpty(),
                String.join("; ", problems),
                !attachment.audit(),
                attachment.securityGroups(),
                Objects.requireNonNullElse(attachment.networkAcl(), ""),
                counters.total(Counters.Total.FLOWS),
                each.workers().ruleHits().policy().maxFlows(),
                passed,
                dropped,
                reasons,
                audited,
                auditedReasons,
                refusedFlows);
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

    /** Why frames can't pass as the rules say, or are not asked of them; empty: they can. */
    static List<String> problems(Running now, Path file) {
        List<String> problems = new ArrayList<>();
        if (now.config() == null) {
            problems.add(waitingForFile(now, file));
        }
        now.guardedInOrder().forEach(each -> problems.addAll(each.problems()));
        now.waiting().values().forEach(each -> problems.add(each.toString()));
        Defects.recent().ifPresent(defect -> problems.add("a defect of portcullis: " + defect));
        return problems;
    }

    /** What is not as it should be, though the rules are enforced; empty: nothing. */
    static List<String> degraded(
            Running now, Path file, Edits edits, Servers servers, @Nullable DaemonLock lock, String notKept) {
        List<String> degraded = new ArrayList<>();
        if (now.config() == null) {
            degraded.add("config: " + waitingForFile(now, file));
        } else if (now.degraded()) {
            degraded.add("config: " + file + " is faulty: the last good configuration is in force");
        }
        if (!edits.trouble().isEmpty()) {
            degraded.add("edits: " + edits.trouble());
        }
        now.guardedInOrder().stream()
                .map(GuardedInterface::flowsTrouble)
                .filter(trouble -> !trouble.isEmpty())
                .forEach(trouble -> degraded.add("flows: " + trouble));
        notes(now, lock, notKept).forEach(trouble -> degraded.add("notes: " + trouble));
        servers.metricsTrouble().ifPresent(trouble -> degraded.add("metrics: " + trouble));
        servers.controlTrouble().ifPresent(trouble -> degraded.add("control: " + trouble));
        return degraded;
    }

    private static String waitingForFile(Running now, Path file) {
        List<String> faults = now.lastReload().errors();
        return file + " is faulty, and there is no last good configuration: waiting for a valid one"
                + (faults.isEmpty() ? "" : ": " + faults.getFirst())
                + (faults.size() < 2 ? "" : String.format(" (and %,d faults more)", faults.size() - 1));
    }

    /** What could not be written down for the next start. */
    static List<String> notes(Running now, @Nullable DaemonLock lock, String notKept) {
        List<String> notes = new ArrayList<>();
        if (lock != null && !lock.trouble().isEmpty()) {
            notes.add(lock.trouble());
        }
        if (!notKept.isEmpty()) {
            notes.add(notKept);
        }
        now.guardedInOrder().forEach(each -> notes.addAll(each.warnings()));
        return notes;
    }

    /** Which workers decide by the rules of before. */
    static List<String> notInstalled(Running now) {
        return now.guardedInOrder().stream()
                .flatMap(each -> each.notInstalled().stream())
                .toList();
    }

    static String unguardedWarning(String nic) {
        return nic + " is up, has an address that others can reach, and no interface guards it";
    }

    /** The first ones: of 100,000 rules there may be as many, and {@code check} tells all. */
    static List<String> warnings(@Nullable Config of, Path file) {
        if (of == null) {
            return List.of();
        }
        int all = of.warnings().size();
        List<String> first = of.warnings().stream()
                .limit(MOST_WARNINGS)
                .map(Object::toString)
                .collect(Collectors.toCollection(ArrayList::new));
        if (all > MOST_WARNINGS) {
            first.add(String.format("%s: %,d warnings more: portcullis check tells all", file, all - MOST_WARNINGS));
        }
        return first;
    }

    /** {@code web0: bridge, out0 and in0, ring, groups web (3 rules); db0: …}. */
    static String standing(Running now) {
        List<String> parts = new ArrayList<>();
        for (GuardedInterface each : now.guardedInOrder()) {
            Interface attachment = each.attachment();
            parts.add(attachment.name() + ": " + attachment.mode().key() + ", "
                    + String.join(" and ", attachment.mode().nics()) + ", "
                    + each.datapath().key()
                    + (each.workers().count() == 1 ? "" : ", " + each.workers().count() + " workers")
                    + (attachment.audit() ? ", NOT GUARDED (enforce: audit)" : "")
                    + (attachment.networkAcl() == null ? "" : ", network ACL " + attachment.networkAcl())
                    + ", groups "
                    + String.join(" ", attachment.securityGroups())
                    + " ("
                    + each.workers().ruleHits().policy().ruleCount() + " rules)");
        }
        now.waiting().values().forEach(each -> parts.add(each.toString()));
        if (now.config() == null) {
            parts.add("waits for a valid configuration");
        } else if (now.degraded()) {
            parts.add("DEGRADED: runs from the last good configuration");
        }
        return String.join("; ", parts);
    }
}
