package io.portcullis.config.read;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.yaml.Diagnostics;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Refuses a configuration whose compiled rules would take too much memory. Rules are compiled for each interface that carries their
 * group. A rule takes one entry for each pair of address block and port range.
 */
final class CompiledSize {
    /** Limit of the entries of all interfaces together. */
    static final long MOST_ENTRIES = 4_000_000;

    private CompiledSize() {}

    /** Adds an error at the rule that exceeds the limit. */
    static void check(Config config, Diagnostics diagnostics) {
        long entries = 0;
        Map<String, Integer> members = new HashMap<>();
        config.securityGroups()
                .keySet()
                .forEach(name -> members.put(name, config.members(name).size()));
        for (Interface iface : config.interfaces().values()) {
            Map<String, List<Rule>> rules = new LinkedHashMap<>();
            config.networkAcl(iface).ifPresent(acl -> rules.put("network ACL " + acl.name(), acl.rules()));
            rules.put("failsafe", config.failsafe().rules());
            iface.securityGroups()
                    .forEach(name ->
                            rules.put("group " + name, config.group(name).rules()));
            for (Map.Entry<String, List<Rule>> of : rules.entrySet()) {
                for (Rule rule : of.getValue()) {
                    entries += entries(rule, config, members);
                    if (entries > MOST_ENTRIES) {
                        diagnostics.error(
                                rule.location(),
                                String.format(
                                        "too large: interface %s has more than %,d pairs of address and port range,"
                                                + " prefix lists and members expanded; the limit is exceeded in %s",
                                        iface.name(), MOST_ENTRIES, of.getKey()));
                        return;
                    }
                }
            }
        }
    }

    private static long entries(Rule rule, Config config, Map<String, Integer> members) {
        long addresses = 0;
        for (Peer peer : rule.peers()) {
            addresses += switch (peer) {
                case Peer.Any _ -> 2;
                case Peer.Net _ -> 1;
                case Peer.Group(String name) -> members.getOrDefault(name, 0);
                case Peer.Prefixes(String list) ->
                    config.prefixList(list).entries().size();
            };
        }
        return addresses * Math.max(1, rule.ports().size());
    }
}
