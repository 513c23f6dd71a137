package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.SecurityGroup;
import io.portcullis.guard.AutoFlows;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.NicAddresses;
import io.portcullis.net.Cidr;
import io.portcullis.policy.Policy;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A configuration with everything that is compiled from it. Immutable.
 *
 * @param number counts the configurations that were in force since the start, from 1
 * @param config as its files say
 * @param nicAddresses addresses of hosts' NICs, by interface
 * @param policies one for each interface of the configuration, by name
 * @param lastGood true: an earlier run kept this configuration, and the files were faulty at the start
 */
record Generation(
        long number,
        Config config,
        Map<String, List<Cidr>> nicAddresses,
        Map<String, Policy> policies,
        boolean lastGood) {
    /** Copies the maps, in their order. */
    Generation {
        nicAddresses = Collections.unmodifiableMap(new LinkedHashMap<>(nicAddresses));
        policies = Collections.unmodifiableMap(new LinkedHashMap<>(policies));
    }

    /** Compiles a configuration that comes after {@code before}, with the addresses that the NICs have now. */
    static Generation compile(Config config, boolean lastGood, Running before) {
        return compile(before.number() + 1, config, addresses(config, before), lastGood, before);
    }

    private static Generation compile(
            long number, Config config, Map<String, List<Cidr>> nicAddresses, boolean lastGood, Running before) {
        Config addressed = config.withNicAddresses(nicAddresses);
        Map<String, Policy> policies = new LinkedHashMap<>();
        for (String name : config.interfaces().keySet()) {
            GuardedInterface guarded = before.guarded().get(name);
            long autoMaxFlows = guarded == null
                    ? AutoFlows.of(addressed, name, before.guarded().keySet())
                    : guarded.capacity();
            policies.put(name, Policy.compile(addressed, name, number, autoMaxFlows));
        }
        return new Generation(number, config, nicAddresses, policies, lastGood);
    }

    /** Addresses that the NICs of a configuration have now; where the kernel refuses the question, the ones before. */
    private static Map<String, List<Cidr>> addresses(Config config, Running before) {
        return NicAddresses.of(config, before.guarded(), before.nicAddresses());
    }

    /** Number of rules, of entries of prefix lists and of network ACLs. */
    long size() {
        long size = 0;
        for (SecurityGroup group : config.securityGroups().values()) {
            size += group.rules().size();
        }
        for (PrefixList list : config.prefixLists().values()) {
            size += list.entries().size();
        }
        for (NetworkAcl acl : config.networkAcls().values()) {
            size += acl.rules().size();
        }
        return size;
    }

    /** This generation, compiled anew for the addresses that its NICs have now; empty: they are the same. */
    Optional<Generation> withPresentAddresses(Running now) {
        Map<String, List<Cidr>> present = addresses(config, now);
        return present.equals(nicAddresses)
                ? Optional.empty()
                : Optional.of(compile(number, config, present, lastGood, now));
    }

    /** The configuration with the addresses of the NICs. */
    Config addressed() {
        return config.withNicAddresses(nicAddresses);
    }

    /** The policy of one of its interfaces. */
    Policy policy(String name) {
        Policy policy = policies.get(name);
        if (policy == null) {
            throw new IllegalStateException("no policy for " + name);
        }
        return policy;
    }
}
