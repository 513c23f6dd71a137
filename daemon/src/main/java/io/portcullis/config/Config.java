package io.portcullis.config;

import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A whole, valid configuration: every reference by name is resolved. Immutable; the maps keep the order of the files.
 *
 * @param ec2Api null: there is no endpoint
 * @param warnings probable mistakes
 */
public record Config(
        Map<String, Interface> interfaces,
        Map<String, SecurityGroup> securityGroups,
        Map<String, PrefixList> prefixLists,
        Map<String, NetworkAcl> networkAcls,
        Failsafe failsafe,
        List<Expectation> expectations,
        Conntrack conntrack,
        Metrics metrics,
        Control control,
        History history,
        @Nullable Ec2Api ec2Api,
        Log log,
        PacketMark mark,
        List<Warning> warnings) {
    public Config {
        interfaces = Collections.unmodifiableMap(new LinkedHashMap<>(interfaces));
        securityGroups = Collections.unmodifiableMap(new LinkedHashMap<>(securityGroups));
        prefixLists = Collections.unmodifiableMap(new LinkedHashMap<>(prefixLists));
        networkAcls = Collections.unmodifiableMap(new LinkedHashMap<>(networkAcls));
        expectations = List.copyOf(expectations);
        warnings = List.copyOf(warnings);
    }

    /**
     * The addresses of a group in a rule: those of the interfaces that carry it, then the group's own.
     *
     * @throws IllegalArgumentException if the group does not exist
     */
    public List<Cidr> members(String group) {
        List<Cidr> members = new ArrayList<>();
        for (Interface iface : interfaces.values()) {
            if (iface.securityGroups().contains(group)) {
                members.addAll(iface.memberAddresses());
            }
        }
        members.addAll(group(group).members());
        return members;
    }

    /** The groups that a rule refers to and that have no members: nothing matches them there. */
    public Set<String> groupsWithoutMembers() {
        return Stream.concat(securityGroups.values().stream().map(SecurityGroup::rules), Stream.of(failsafe.rules()))
                .flatMap(List::stream)
                .flatMap(rule -> rule.peers().stream())
                .flatMap(peer -> peer instanceof Peer.Group(String name) ? Stream.of(name) : Stream.empty())
                .distinct()
                .filter(name -> members(name).isEmpty())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /**
     * The same configuration with the addresses of host NICs.
     *
     * @param nicAddresses by interface name; a missing interface has none
     */
    public Config withNicAddresses(Map<String, List<Cidr>> nicAddresses) {
        Map<String, Interface> all = new LinkedHashMap<>();
        interfaces.forEach(
                (name, iface) -> all.put(name, iface.withNicAddresses(nicAddresses.getOrDefault(name, List.of()))));
        return changed(all, warnings);
    }

    /** The group of that name, which exists if an interface or a rule refers to it. */
    public SecurityGroup group(String name) {
        SecurityGroup group = securityGroups.get(name);
        if (group == null) {
            throw new IllegalArgumentException("no security group " + name);
        }
        return group;
    }

    /**
     * The network ACL of an interface.
     *
     * @throws IllegalArgumentException if it does not exist
     */
    public Optional<NetworkAcl> networkAcl(Interface iface) {
        String name = iface.networkAcl();
        if (name == null) {
            return Optional.empty();
        }
        NetworkAcl acl = networkAcls.get(name);
        if (acl == null) {
            throw new IllegalArgumentException("no network ACL " + name);
        }
        return Optional.of(acl);
    }

    /** The prefix list of that name, which exists if a rule refers to it. */
    public PrefixList prefixList(String name) {
        PrefixList list = prefixLists.get(name);
        if (list == null) {
            throw new IllegalArgumentException("no prefix list " + name);
        }
        return list;
    }

    /** The same configuration with other warnings. */
    public Config with(List<Warning> others) {
        return changed(interfaces, others);
    }

    private Config changed(Map<String, Interface> otherInterfaces, List<Warning> otherWarnings) {
        return new Config(
                otherInterfaces,
                securityGroups,
                prefixLists,
                networkAcls,
                failsafe,
                expectations,
                conntrack,
                metrics,
                control,
                history,
                ec2Api,
                log,
                mark,
                otherWarnings);
    }
}
