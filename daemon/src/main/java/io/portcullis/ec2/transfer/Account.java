package io.portcullis.ec2.transfer;

import io.portcullis.config.Location;
import io.portcullis.config.edit.Edit.NumberedEntry;
import io.portcullis.config.edit.Permission;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What all files together describe. Objects refer to each other by id: as the name of a {@code Peer} too. */
final class Account {
    /** A rule that allows. */
    record Allowed(Permission permission, String description, Location location) {}

    /** A security group without its rules. */
    record Group(String id, String name, String description, String vpc, Location location) {}

    /** The rules of a group. */
    record Rules(List<Allowed> ingress, List<Allowed> egress, Location location) {
        List<Allowed> of(Direction direction) {
            return direction == Direction.INGRESS ? ingress : egress;
        }
    }

    /** A managed prefix list without its entries. */
    record PrefixList(String id, String name, Location location) {}

    /** The entries of a managed prefix list. */
    record Blocks(List<Cidr> blocks, Location location) {}

    /** A network ACL with the subnets that it is associated with. */
    record Acl(
            String id,
            @Nullable String name,
            List<NumberedEntry> ingress,
            List<NumberedEntry> egress,
            List<String> subnets,
            Location location) {}

    /**
     * A network interface, or one that a launch template would make.
     *
     * @param groups ids
     * @param timeouts by the keys of the configuration
     * @param notes about the interface that it becomes
     */
    record Nic(
            @Nullable String id,
            @Nullable Integer deviceIndex,
            @Nullable String subnet,
            List<String> groups,
            Map<String, Duration> timeouts,
            List<Note> notes,
            Location location) {
        /** By what its file names it. */
        String text() {
            List<String> parts = new ArrayList<>();
            if (id != null) {
                parts.add(id);
            }
            if (deviceIndex != null) {
                parts.add("DeviceIndex " + deviceIndex);
            }
            if (subnet != null) {
                parts.add(subnet);
            }
            return parts.isEmpty() ? "a network interface" : "network interface " + String.join(", ", parts);
        }
    }

    private final Report report;

    /** The objects that were read, by id, for the comparison with another description of the same object. */
    private final Map<String, Json> read = new HashMap<>();

    /** By id, in the order of ids: the order of the files has no influence on the result. */
    final Map<String, Group> groups = new TreeMap<>();

    final Map<String, Rules> rules = new TreeMap<>();
    final Map<String, Rules> listedRules = new TreeMap<>();
    final Map<String, PrefixList> lists = new TreeMap<>();
    final Map<String, Blocks> blocks = new TreeMap<>();
    final Map<String, Acl> acls = new TreeMap<>();

    /** Subnets of default ACLs that admit everything, which is the same as none. */
    final Set<String> openSubnets = new HashSet<>();

    /** In the order of the files. */
    final List<Nic> nics = new ArrayList<>();

    Account(Report report) {
        this.report = report;
    }

    /**
     * True: no file before has described this object. If one has, both must say the same.
     *
     * @param key the object's id, or the id and what the description is about
     */
    boolean isNew(String key, Json object) {
        Json first = read.putIfAbsent(key, object);
        if (first != null && !first.says(object)) {
            report.error(
                    object.location(),
                    key + ": differs from the one at " + first.location()
                            + ": give one of them, or let the AWS CLI print both again");
        }
        return first == null;
    }

    /** Adds a rule to the list of its group. */
    void addListed(String group, Direction direction, @Nullable Allowed rule, Location location) {
        Rules list = listedRules.computeIfAbsent(group, _ -> new Rules(new ArrayList<>(), new ArrayList<>(), location));
        if (rule != null) {
            list.of(direction).add(rule);
        }
    }

    /** The rules of each group, whatever file has them. */
    Map<String, Rules> allRules() {
        Map<String, Rules> all = new LinkedHashMap<>(listedRules);
        all.putAll(rules);
        return all;
    }
}
