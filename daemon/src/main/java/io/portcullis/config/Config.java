package io.portcullis.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
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
        Mark mark,
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
     * Reads a file and everything that it includes.
     *
     * @throws ConfigException if anything is wrong with any of them, with all that is
     */
    public static Config load(Path file) throws ConfigException {
        return load(file, new Sources());
    }

    /**
     * As {@link #load(Path)}. All files are read as they are at one moment: where one changes meanwhile, all are read again, three
     * times at the most.
     *
     * @param sources gets, in any case, what the reading came across
     */
    public static Config load(Path file, Sources sources) throws ConfigException {
        return ConfigReader.load(file, sources);
    }

    /**
     * Reads a stream to its end; what it says includes nothing.
     *
     * @param name what faults call it
     * @throws ConfigException if anything is wrong with it, with all that is
     * @throws IOException if the stream cannot be read
     */
    public static Config read(InputStream in, String name) throws ConfigException, IOException {
        return ConfigReader.read(in, name);
    }

    /**
     * The configuration of files that were read earlier; no file is looked at, and what they include is not followed: it is
     * among them.
     *
     * @param texts as {@link Sources#texts} gives them, at least one
     * @throws ConfigException if anything is wrong with any of them, with all that is
     */
    public static Config of(List<SourceText> texts) throws ConfigException {
        return ConfigReader.of(texts);
    }

    /** What can still be read of a faulty file and of what it includes; never fails. */
    public static Legible legible(Path file) {
        return LegibleReader.read(file);
    }

    /**
     * Reads a text that includes nothing.
     *
     * @param name what faults call the file
     * @throws ConfigException if anything is wrong with it, with all that is
     */
    public static Config parse(String yaml, String name) throws ConfigException {
        return ConfigReader.parse(yaml, name);
    }

    /**
     * The addresses that a group's name stands for in a rule: those of the interfaces that carry it, then its own.
     *
     * @throws IllegalArgumentException if there is no such group
     */
    public List<Cidr> members(String group) {
        List<Cidr> members = new ArrayList<>();
        for (Interface each : interfaces.values()) {
            if (each.securityGroups().contains(group)) {
                members.addAll(each.memberAddresses());
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
        interfaces.forEach((name, each) -> all.put(name, each.withNicAddresses(ofNics.getOrDefault(name, List.of()))));
        return changed(all, warnings);
    }

    /** The group of that name; an interface or a rule that names one is proof that there is one. */
    SecurityGroup group(String name) {
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
    public Optional<NetworkAcl> networkAcl(Interface attachment) {
        String name = attachment.networkAcl();
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
    PrefixList prefixList(String name) {
        PrefixList list = prefixLists.get(name);
        if (list == null) {
            throw new IllegalArgumentException("no prefix list " + name);
        }
        return list;
    }

    /** This one with other warnings. */
    Config with(List<Warning> others) {
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
