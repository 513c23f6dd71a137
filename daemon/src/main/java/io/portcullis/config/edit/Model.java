package io.portcullis.config.edit;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.edit.Outcome.Cause;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A configuration's records while they are edited, independently of the text. */
final class Model {
    private final Config before;
    private final Map<String, Interface> interfaces;
    private final Map<String, SecurityGroup> groups;
    private final Map<String, PrefixList> lists;
    private final Map<String, NetworkAcl> acls;

    Model(Config before) {
        this.before = before;
        interfaces = new LinkedHashMap<>(before.interfaces());
        groups = new LinkedHashMap<>(before.securityGroups());
        lists = new LinkedHashMap<>(before.prefixLists());
        acls = new LinkedHashMap<>(before.networkAcls());
    }

    /** The records now. */
    Config config() {
        return new Config(
                interfaces,
                groups,
                lists,
                acls,
                before.failsafe(),
                before.expectations(),
                before.conntrack(),
                before.metrics(),
                before.control(),
                before.history(),
                before.ec2Api(),
                before.log(),
                before.mark(),
                List.of());
    }

    SecurityGroup group(String name) throws EditException {
        return present(groups, name, "security group");
    }

    Interface iface(String name) throws EditException {
        return present(interfaces, name, "interface");
    }

    PrefixList list(String name) throws EditException {
        return present(lists, name, "prefix list");
    }

    NetworkAcl acl(String name) throws EditException {
        return present(acls, name, "network ACL");
    }

    private static <T> T present(Map<String, T> all, String name, String kind) throws EditException {
        T found = all.get(name);
        if (found == null) {
            throw new EditException(Cause.MISSING, Location.of(""), "there is no " + kind + " " + name);
        }
        return found;
    }

    private static void requireAbsent(Map<String, ?> all, String name, String kind) throws EditException {
        if (all.containsKey(name)) {
            throw new EditException(Cause.DUPLICATE, Location.of(""), "there is a " + kind + " " + name + " already");
        }
    }

    /** Sets the rules of a direction. */
    void apply(RulePlan plan) {
        SecurityGroup group = plan.group();
        boolean isIngress = plan.direction() == Direction.INGRESS;
        groups.put(
                group.name(),
                new SecurityGroup(
                        group.name(),
                        group.description(),
                        isIngress ? plan.after() : group.ingress(),
                        isIngress ? group.egress() : plan.after(),
                        group.members(),
                        group.id(),
                        group.log(),
                        group.location()));
    }

    void addGroup(Edit.AddGroup add, Location location) throws EditException {
        requireAbsent(groups, add.name(), "security group");
        requireName(add.name());
        groups.put(
                add.name(),
                new SecurityGroup(
                        add.name(),
                        add.description(),
                        List.of(),
                        null,
                        List.of(),
                        add.id(),
                        SecurityGroup.Logged.DENIED,
                        location));
    }

    void removeGroup(String name) {
        groups.remove(name);
    }

    void addList(Edit.AddPrefixList add, Location location) throws EditException {
        requireAbsent(lists, add.name(), "prefix list");
        requireName(add.name());
        lists.put(add.name(), new PrefixList(add.name(), add.entries(), add.id(), location));
    }

    void setEntries(PrefixList list, List<Cidr> entries) {
        lists.put(list.name(), new PrefixList(list.name(), entries, list.id(), list.location()));
    }

    void removeList(String name) {
        lists.remove(name);
    }

    void addAcl(Edit.AddAcl add, Location location) throws EditException {
        requireAbsent(acls, add.name(), "network ACL");
        requireName(add.name());
        acls.put(add.name(), new NetworkAcl(add.name(), List.of(), List.of(), add.id(), location));
    }

    void removeAcl(String name) {
        acls.remove(name);
    }

    /** Changes the entries of a direction. */
    void changeAcl(NetworkAcl acl, Direction direction, UnaryOperator<List<AclEntry>> change) {
        boolean isIngress = direction == Direction.INGRESS;
        acls.put(
                acl.name(),
                new NetworkAcl(
                        acl.name(),
                        isIngress ? change.apply(new ArrayList<>(acl.ingress())) : acl.ingress(),
                        isIngress ? acl.egress() : change.apply(new ArrayList<>(acl.egress())),
                        acl.id(),
                        acl.location()));
    }

    /** Sets what an interface refers to. */
    void setInterface(Interface iface, List<String> names, @Nullable String acl) {
        interfaces.put(iface.name(), with(iface, names, acl, iface.location()));
    }

    private static void requireName(String name) throws EditException {
        if (name.isEmpty()) {
            throw new EditException(Cause.INVALID, Location.of(""), "a name has at least one character");
        }
    }

    private static Interface with(Interface iface, List<String> names, @Nullable String acl, Location location) {
        return new Interface(
                iface.name(),
                iface.mode(),
                iface.addresses(),
                iface.nicAddresses(),
                names,
                acl,
                iface.audit(),
                iface.datapath(),
                iface.offload(),
                iface.workers(),
                iface.busyPoll(),
                iface.onFailure(),
                iface.sourceCheck(),
                iface.verifyChecksums(),
                iface.passThrough(),
                iface.ethertypes(),
                iface.timeouts(),
                iface.id(),
                location);
    }

    /** The same interface at no location. */
    static Interface unlocated(Interface iface) {
        return with(iface, iface.securityGroups(), iface.networkAcl(), Location.of(""));
    }
}
