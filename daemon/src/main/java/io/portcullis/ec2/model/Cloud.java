package io.portcullis.ec2.model;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.SecurityGroup;
import io.portcullis.ec2.state.State;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A configuration in EC2's terms. Immutable; equal configurations and states of a host give equal ids. All lists are ascending by id, as
 * {@code Pages} needs them.
 */
public final class Cloud {
    /** The name from which the id of the default ACL is derived; no ACL of a configuration can have it. */
    private static final String DEFAULT_ACL = "";

    private final Config config;
    private final Account account;
    private final State state;
    private final List<Group> groups;
    private final Map<String, Group> groupsById;
    private final Map<String, Group> groupsByName;
    private final Map<String, GroupRule> rulesById = new TreeMap<>();
    private final List<NetworkInterface> interfaces;
    private final List<ManagedList> lists;
    private final List<Acl> acls;

    private Cloud(Config config, Account account, State state, Map<String, Nic> nics) {
        this.config = config;
        this.account = account;
        this.state = state;
        this.lists = config.prefixLists().values().stream()
                .flatMap(list -> ListSplit.of(list, account.ids(), state).stream())
                .sorted(Comparator.comparing(ManagedList::id))
                .toList();
        this.groups = allGroups();
        this.groupsById = new LinkedHashMap<>();
        this.groupsByName = new LinkedHashMap<>();
        for (Group group : groups) {
            groupsById.put(group.id(), group);
            groupsByName.putIfAbsent(folded(group.name()), group);
            group.ingress().forEach(rule -> rulesById.put(rule.id(), rule));
            group.egress().forEach(rule -> rulesById.put(rule.id(), rule));
        }
        this.acls = allAcls();
        this.interfaces = allInterfaces(nics);
    }

    /**
     * The configuration of a host.
     *
     * @param nics facts by the names of interfaces; may be incomplete
     */
    public static Cloud of(Config config, Account account, State state, Map<String, Nic> nics) {
        return new Cloud(config, account, state, nics);
    }

    private List<Group> allGroups() {
        Map<String, String> groupIds = new LinkedHashMap<>();
        config.securityGroups().values().forEach(group -> groupIds.put(group.name(), id(group)));
        Map<String, List<ManagedList>> listsByName = new LinkedHashMap<>();
        lists.forEach(list ->
                listsByName.computeIfAbsent(list.name(), _ -> new ArrayList<>()).add(list));
        RuleIds rules = new RuleIds(account.ids(), state, groupIds, listsByName);
        List<Group> all = new ArrayList<>();
        for (SecurityGroup group : config.securityGroups().values()) {
            String id = id(group);
            all.add(new Group(id, group, rules.of(group, true), rules.of(group, false), state.tags(id)));
        }
        all.sort(Comparator.comparing(Group::id));
        return List.copyOf(all);
    }

    private List<Acl> allAcls() {
        List<Acl> all = new ArrayList<>();
        String defaultId = account.ids().of(ResourceKind.ACL, DEFAULT_ACL);
        all.add(new Acl(defaultId, Optional.empty(), state.tags(defaultId)));
        for (NetworkAcl acl : config.networkAcls().values()) {
            String id = id(acl);
            all.add(new Acl(id, Optional.of(acl), state.tags(id)));
        }
        all.sort(Comparator.comparing(Acl::id));
        return List.copyOf(all);
    }

    private List<NetworkInterface> allInterfaces(Map<String, Nic> nics) {
        Ids ids = account.ids();
        List<NetworkInterface> all = new ArrayList<>();
        for (Interface iface : config.interfaces().values()) {
            String name = iface.name();
            @Nullable String acl = iface.networkAcl();
            String id = orDerived(iface.id(), ResourceKind.INTERFACE, name);
            @Nullable String subnet = account.subnetIds().get(name);
            all.add(new NetworkInterface(
                    id,
                    iface,
                    all.size(),
                    ids.of(ResourceKind.ATTACHMENT, name),
                    subnet == null ? ids.of(ResourceKind.SUBNET, name) : subnet,
                    iface.securityGroups().stream()
                            .map(group -> id(config.group(group)))
                            .toList(),
                    acl == null
                            ? ids.of(ResourceKind.ACL, DEFAULT_ACL)
                            : config.networkAcl(iface).map(this::id).orElseThrow(),
                    ids.of(ResourceKind.ACL_ASSOCIATION, name + "\0" + (acl == null ? DEFAULT_ACL : acl)),
                    nics.getOrDefault(name, Nic.UNKNOWN),
                    state.tags(id)));
        }
        all.sort(Comparator.comparing(NetworkInterface::id));
        return List.copyOf(all);
    }

    private String id(SecurityGroup group) {
        return orDerived(group.id(), ResourceKind.GROUP, group.name());
    }

    private String id(NetworkAcl acl) {
        return orDerived(acl.id(), ResourceKind.ACL, acl.name());
    }

    private String orDerived(@Nullable String id, ResourceKind kind, String name) {
        return id == null ? account.ids().of(kind, name) : id;
    }

    private static String folded(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    /** The configuration. */
    public Config config() {
        return config;
    }

    /** The host. */
    public Account account() {
        return account;
    }

    /** What the configuration can't say. */
    public State state() {
        return state;
    }

    /** All security groups. */
    public List<Group> groups() {
        return groups;
    }

    /** The group with this id. */
    public Optional<Group> group(String id) {
        return Optional.ofNullable(groupsById.get(id));
    }

    /** The group with this name, in whatever case. */
    public Optional<Group> groupNamed(String name) {
        return Optional.ofNullable(groupsByName.get(folded(name)));
    }

    /** The rules of all groups. */
    public List<GroupRule> rules() {
        return List.copyOf(rulesById.values());
    }

    /** The rule with this id. */
    public Optional<GroupRule> rule(String id) {
        return Optional.ofNullable(rulesById.get(id));
    }

    /** All network interfaces. */
    public List<NetworkInterface> interfaces() {
        return interfaces;
    }

    /** The interface with this id. */
    public Optional<NetworkInterface> networkInterface(String id) {
        return interfaces.stream().filter(each -> each.id().equals(id)).findFirst();
    }

    /** All managed prefix lists. */
    public List<ManagedList> lists() {
        return lists;
    }

    /** The list with this id. */
    public Optional<ManagedList> list(String id) {
        return lists.stream().filter(each -> each.id().equals(id)).findFirst();
    }

    /** All ids that the managed lists of a list with this name can have, where the configuration sets none. */
    public List<String> listIds(String name) {
        return ListSplit.ids(name, account.ids());
    }

    /** All network ACLs, the default one among them. */
    public List<Acl> acls() {
        return acls;
    }

    /** The ACL with this id. */
    public Optional<Acl> acl(String id) {
        return acls.stream().filter(each -> each.id().equals(id)).findFirst();
    }
}
