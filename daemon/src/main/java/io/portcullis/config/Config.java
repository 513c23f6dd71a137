package io.portcullis.config;

import io.portcullis.net.Cidr;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A whole configuration, read and found valid: every name in it that refers to something refers to something that is
 * there. Immutable; the maps keep the order of the files.
 *
 * @param warnings what is valid and hardly meant
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
     * The addresses that a group's name stands for in a rule: those of the interfaces that carry it, then its own.
     *
     * @throws IllegalArgumentException if there is no such group
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

    /**
     * The same configuration while the NICs of hosts have these addresses.
     *
     * @param ofNics by the interfaces' names; those that are missing have none
     */
    public Config withNicAddresses(Map<String, List<Cidr>> ofNics) {
        Map<String, Interface> all = new LinkedHashMap<>();
        interfaces.forEach(
                (name, iface) -> all.put(name, iface.withNicAddresses(ofNics.getOrDefault(name, List.of()))));
        return changed(all, warnings);
    }

    /** The group of that name; an interface or a rule that names one is proof that there is one. */
    public SecurityGroup group(String name) {
        SecurityGroup group = securityGroups.get(name);
        if (group == null) {
            throw new IllegalArgumentException("no security group " + name);
        }
        return group;
    }

    /**
     * The network ACL that an interface has.
     *
     * @throws IllegalArgumentException if its name is that of none
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

    /** The list of that name; a rule that names one is proof that there is one. */
    public PrefixList prefixList(String name) {
        PrefixList list = prefixLists.get(name);
        if (list == null) {
            throw new IllegalArgumentException("no prefix list " + name);
        }
        return list;
    }

    /** This one with other warnings. */
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
                log,
                mark,
                otherWarnings);
    }
}
