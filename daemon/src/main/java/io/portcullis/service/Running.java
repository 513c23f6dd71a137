package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.net.Cidr;
import io.portcullis.operations.ReloadReport;
import io.portcullis.policy.Policy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * All that is true of the daemon at one moment. Immutable: who changes something publishes another one.
 *
 * @param config in force; null: no file was valid yet, and what is legible of it is shut
 * @param nicAddresses of hosts' NICs, by interface
 * @param policies of all interfaces of the configuration, compiled, by interface
 * @param guarded interfaces with workers, by name
 * @param waiting the others of the configuration, by name
 * @param generation counts the configurations that were in force since the start, from 1; 0: none
 * @param lastReload how the last reading of the files went
 * @param degraded true: the configuration in force is the last good one, since the files were faulty at the start
 * @param unguarded NICs that others can reach and that no interface has
 */
record Running(
        @Nullable Config config,
        Map<String, List<Cidr>> nicAddresses,
        Map<String, Policy> policies,
        Map<String, GuardedInterface> guarded,
        Map<String, Waiting> waiting,
        long generation,
        ReloadReport lastReload,
        boolean degraded,
        List<String> unguarded) {
    /** Before anything was read. */
    static final Running NOTHING = new Running(
            null,
            Map.of(),
            Map.of(),
            Map.of(),
            Map.of(),
            0,
            new ReloadReport(true, "", 0, List.of(), List.of()),
            false,
            List.of());

    /** Copies the collections, in their order. */
    Running {
        nicAddresses = copy(nicAddresses);
        policies = copy(policies);
        guarded = copy(guarded);
        waiting = copy(waiting);
        unguarded = List.copyOf(unguarded);
    }

    private static <V> Map<String, V> copy(Map<String, V> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /** The configuration with the addresses that NICs have now; null: there is none. */
    @Nullable
    Config addressed() {
        return config == null ? null : config.withNicAddresses(nicAddresses);
    }

    /** The interfaces with workers, in the order of the configuration. */
    List<GuardedInterface> guardedInOrder() {
        Set<String> names = new LinkedHashSet<>(
                config == null ? Set.of() : config.interfaces().keySet());
        List<GuardedInterface> ordered = new ArrayList<>();
        for (String name : names) {
            GuardedInterface each = guarded.get(name);
            if (each != null) {
                ordered.add(each);
            }
        }
        return ordered;
    }

    /** Names of the NICs that an interface has, or has shut. */
    Set<String> nics() {
        Set<String> nics = new TreeSet<>();
        guarded.values().forEach(each -> nics.addAll(each.nics()));
        waiting.values().stream()
                .filter(each -> each.state() != Waiting.State.OPEN)
                .forEach(each -> nics.addAll(each.nics()));
        return nics;
    }

    /** NICs that are called otherwise by now: the present name by the one in the configuration. */
    Map<String, String> renamedNics() {
        Map<String, String> renamed = new LinkedHashMap<>();
        for (GuardedInterface each : guarded.values()) {
            List<String> named = each.attachment().mode().nics();
            List<String> called = each.nics();
            for (int i = 0; i < named.size(); i++) {
                if (!named.get(i).equals(called.get(i))) {
                    renamed.put(named.get(i), called.get(i));
                }
            }
        }
        return renamed;
    }

    /** Names of the NICs that are shut because they can't be guarded. */
    Set<String> shutNics() {
        Set<String> nics = new TreeSet<>();
        waiting.values().stream()
                .filter(each -> each.state() == Waiting.State.SHUT)
                .forEach(each -> nics.addAll(each.nics()));
        return nics;
    }

    /** Names of the NICs that an interface should have, and whose traffic passes meanwhile. */
    Set<String> openNics() {
        Set<String> nics = new TreeSet<>();
        waiting.values().stream()
                .filter(each -> each.state() == Waiting.State.OPEN)
                .forEach(each -> nics.addAll(each.nics()));
        return nics;
    }

    /** Those of the interfaces that are guarded. */
    Map<String, Policy> policiesInForce() {
        Map<String, Policy> inForce = new LinkedHashMap<>(policies);
        inForce.keySet().retainAll(guarded.keySet());
        return inForce;
    }

    /** The policy of one of its interfaces. */
    Policy policy(String name) {
        Policy policy = policies.get(name);
        if (policy == null) {
            throw new IllegalStateException("no policy for " + name);
        }
        return policy;
    }

    /** The same, with this interface under guard. */
    Running guarding(GuardedInterface opened) {
        Map<String, GuardedInterface> all = new LinkedHashMap<>(guarded);
        all.put(opened.attachment().name(), opened);
        Map<String, Waiting> others = new LinkedHashMap<>(waiting);
        others.remove(opened.attachment().name());
        return new Running(config, nicAddresses, policies, all, others, generation, lastReload, degraded, unguarded);
    }

    /** The same, with this interface waiting. */
    Running waitingFor(Waiting one) {
        Map<String, Waiting> all = new LinkedHashMap<>(waiting);
        all.put(one.name(), one);
        return new Running(config, nicAddresses, policies, guarded, all, generation, lastReload, degraded, unguarded);
    }

    /** The same, after another reading of the files. */
    Running reported(ReloadReport report) {
        return new Running(config, nicAddresses, policies, guarded, waiting, generation, report, degraded, unguarded);
    }

    /** The same, with other addresses and what was compiled for them. */
    Running addressed(Map<String, List<Cidr>> addresses, Map<String, Policy> compiled) {
        return new Running(config, addresses, compiled, guarded, waiting, generation, lastReload, degraded, unguarded);
    }

    /** The same, with other NICs that nothing guards. */
    Running unguarded(List<String> nics) {
        return new Running(config, nicAddresses, policies, guarded, waiting, generation, lastReload, degraded, nics);
    }
}
