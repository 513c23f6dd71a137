package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.diagnose.Explain;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.net.Cidr;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.policy.Policy;
import io.portcullis.service.traffic.Guarded;
import io.portcullis.service.traffic.InterfaceRules;
import io.portcullis.worker.Workers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The state of the daemon at one moment. Immutable: a change publishes a new record.
 *
 * @param started true: between the end of the start and the beginning of the stop
 * @param generation in force; null: no file was valid yet, and the interfaces that are legible in it are shut
 * @param guarded interfaces with workers, by name
 * @param pending the other interfaces of the configuration, by name
 * @param unguardedNics NICs that others can reach and that no interface guards
 * @param brokenExpectations claims of {@code expect} in force that do not hold, one line each
 * @param lastReload outcome of the last reading of the files
 * @param notKept why the configuration in force is not kept as the last good one; empty: it is
 */
record Running(
        boolean started,
        @Nullable Generation generation,
        Map<String, GuardedInterface> guarded,
        Map<String, PendingInterface> pending,
        List<String> unguardedNics,
        List<String> brokenExpectations,
        ReloadReport lastReload,
        String notKept) {
    /** Before the start and after the stop. */
    static final Running NOTHING = new Running(
            false,
            null,
            Map.of(),
            Map.of(),
            List.of(),
            List.of(),
            new ReloadReport(true, "", 0, List.of(), List.of()),
            "");

    /** Copies the collections, in their order. */
    Running {
        guarded = Collections.unmodifiableMap(new LinkedHashMap<>(guarded));
        pending = Collections.unmodifiableMap(new LinkedHashMap<>(pending));
        unguardedNics = List.copyOf(unguardedNics);
        brokenExpectations = List.copyOf(brokenExpectations);
    }

    /** The configuration in force; null: none. */
    @Nullable
    Config config() {
        return generation == null ? null : generation.config();
    }

    /** Number of the generation in force; 0: none. */
    long number() {
        return generation == null ? 0 : generation.number();
    }

    /** True: the configuration in force is the last good one, because the files were faulty at the start. */
    boolean isLastGood() {
        return generation != null && generation.lastGood();
    }

    /** Name of the group that may change something; empty: root alone, as while the files are faulty. */
    String admins() {
        return generation == null || generation.lastGood()
                ? ""
                : generation.config().control().admins();
    }

    /** The addresses of hosts' NICs for which the policies were compiled, by interface. */
    Map<String, List<Cidr>> nicAddresses() {
        return generation == null ? Map.of() : generation.nicAddresses();
    }

    /** The interfaces with workers, in the order of the configuration. */
    List<GuardedInterface> guardedInOrder() {
        List<GuardedInterface> ordered = new ArrayList<>();
        Config config = config();
        if (config != null) {
            for (String name : config.interfaces().keySet()) {
                GuardedInterface iface = guarded.get(name);
                if (iface != null) {
                    ordered.add(iface);
                }
            }
        }
        return ordered;
    }

    /** Names of the NICs that are guarded or shut. */
    Set<String> nics() {
        Set<String> nics = shutNics();
        guarded.values().forEach(iface -> nics.addAll(iface.nics()));
        pending.values().stream()
                .filter(iface -> iface.state() == PendingInterface.State.ABSENT)
                .forEach(iface -> nics.addAll(iface.nics()));
        return nics;
    }

    /** Names of the NICs that are shut because they can't be guarded. */
    Set<String> shutNics() {
        return pendingNics(PendingInterface.State.SHUT);
    }

    /** Names of the NICs that should be guarded, and whose traffic passes unfiltered meanwhile. */
    Set<String> openNics() {
        return pendingNics(PendingInterface.State.OPEN);
    }

    private Set<String> pendingNics(PendingInterface.State state) {
        Set<String> nics = new TreeSet<>();
        pending.values().stream().filter(iface -> iface.state() == state).forEach(iface -> nics.addAll(iface.nics()));
        return nics;
    }

    /** NICs that were renamed since they are guarded: the present name by the one in the configuration. */
    Map<String, String> renamedNics() {
        Map<String, String> renamed = new LinkedHashMap<>();
        for (GuardedInterface iface : guarded.values()) {
            List<String> configured = iface.settings().mode().nics();
            List<String> present = iface.nics();
            for (int i = 0; i < configured.size(); i++) {
                if (!configured.get(i).equals(present.get(i))) {
                    renamed.put(configured.get(i), present.get(i));
                }
            }
        }
        return renamed;
    }

    /** The rules of all interfaces, in the order of the configuration; the hits of those that are guarded. */
    List<InterfaceRules> rules() {
        List<InterfaceRules> all = new ArrayList<>();
        if (generation != null) {
            generation.policies().forEach((name, policy) -> {
                GuardedInterface iface = guarded.get(name);
                all.add(
                        iface == null
                                ? new InterfaceRules(name, policy, null)
                                : InterfaceRules.guarded(
                                        name, iface.workers().ruleHits().slots()));
            });
        }
        return all;
    }

    /** What is guarded, for answers about the traffic. */
    Guarded traffic() {
        return new Guarded(generation == null ? null : generation.addressed(), guarded);
    }

    /** Policies of the interfaces that are guarded, by name. */
    Map<String, Policy> policiesInForce() {
        Map<String, Policy> inForce = new LinkedHashMap<>(generation == null ? Map.of() : generation.policies());
        inForce.keySet().retainAll(guarded.keySet());
        return inForce;
    }

    /** The same at the end of the start, or at the beginning of the stop. */
    Running withStarted(boolean now) {
        return new Running(now, generation, guarded, pending, unguardedNics, brokenExpectations, lastReload, notKept);
    }

    /** The same with another generation in force. */
    Running with(Generation next) {
        return with(next, guarded, pending);
    }

    /** The same with another generation in force, and its interfaces. */
    Running with(Generation next, Map<String, GuardedInterface> guardedNow, Map<String, PendingInterface> pendingNow) {
        return new Running(
                started, next, guardedNow, pendingNow, unguardedNics, brokenExpectations, lastReload, notKept);
    }

    /** The same with this interface guarded. */
    Running with(GuardedInterface opened) {
        Map<String, GuardedInterface> all = new LinkedHashMap<>(guarded);
        all.put(opened.name(), opened);
        Map<String, PendingInterface> others = new LinkedHashMap<>(pending);
        others.remove(opened.name());
        return new Running(started, generation, all, others, unguardedNics, brokenExpectations, lastReload, notKept);
    }

    /** The same with this interface pending. */
    Running with(PendingInterface one) {
        Map<String, PendingInterface> all = new LinkedHashMap<>(pending);
        all.put(one.name(), one);
        return new Running(started, generation, guarded, all, unguardedNics, brokenExpectations, lastReload, notKept);
    }

    /** The same with another outcome of the last reading. */
    Running with(ReloadReport report) {
        return new Running(started, generation, guarded, pending, unguardedNics, brokenExpectations, report, notKept);
    }

    /** The same with other NICs that no interface guards. */
    Running withUnguardedNics(List<String> nics) {
        return new Running(started, generation, guarded, pending, nics, brokenExpectations, lastReload, notKept);
    }

    /** The same with other claims that do not hold. */
    Running withBrokenExpectations(List<String> broken) {
        return new Running(started, generation, guarded, pending, unguardedNics, broken, lastReload, notKept);
    }

    /** The same with another reason why the configuration is not kept. */
    Running withNotKept(String reason) {
        return new Running(
                started, generation, guarded, pending, unguardedNics, brokenExpectations, lastReload, reason);
    }

    /**
     * The verdict about a packet, as a worker of its interface gives it.
     *
     * @throws IllegalArgumentException if its interface is not guarded; the message is a sentence
     */
    ExplainReport explain(ExplainRequest question) {
        GuardedInterface iface = guarded.get(question.interfaceName());
        if (iface == null || generation == null) {
            throw new IllegalArgumentException("no interface " + question.interfaceName() + " is guarded: there is "
                    + String.join(", ", new TreeSet<>(guarded.keySet())));
        }
        Workers workers = iface.workers();
        return Explain.live(
                generation.addressed(),
                workers.ruleHits().policy(),
                question,
                (frame, direction) -> workers.explain(frame, direction, GuardedInterface.INSTALL_TIMEOUT_MS));
    }
}
