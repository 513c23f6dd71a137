package io.portcullis.ec2.action;

import io.portcullis.config.NetworkAcl;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.state.ListVersion;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/** Managed prefix lists: what there is. */
final class PrefixListActions {
    private static final Set<String> FILTERS = Tags.andFilters("owner-id", "prefix-list-id", "prefix-list-name");
    private static final Set<String> FILTERS_OF_SERVICES = Set.of("prefix-list-id", "prefix-list-name");

    private final CloudStore store;
    private final Pages pages;

    PrefixListActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "DescribeManagedPrefixLists", this::describe,
                "DescribePrefixLists", this::describeOfServices,
                "GetManagedPrefixListEntries", this::entries,
                "GetManagedPrefixListAssociations", this::associations);
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Filters filters = Filters.of(call.arguments(), FILTERS);
        Set<String> ids = new HashSet<>(call.arguments().strings("PrefixListId"));
        for (String id : call.arguments().strings("PrefixListId")) {
            find(cloud, id);
        }
        List<ManagedList> found = cloud.lists().stream()
                .filter(list -> ids.isEmpty() || ids.contains(list.id()))
                .filter(list -> filters.pass(name -> property(cloud, list, name)))
                .toList();
        Pages.Page<ManagedList> page = pages.page(call.action(), call.arguments(), found, ManagedList::id);
        return new Fields.Builder()
                .with(
                        "prefixListSet",
                        page.items().stream().map(list -> fields(cloud, list)).toList())
                .with("nextToken", page.next())
                .build();
    }

    private static Collection<String> property(Cloud cloud, ManagedList list, String filter) {
        return switch (filter) {
            case "owner-id" -> List.of(cloud.account().account());
            case "prefix-list-id" -> List.of(list.id());
            case "prefix-list-name" -> List.of(list.name());
            default -> Tags.property(filter, list.tags());
        };
    }

    /** The lists of services of AWS': this host has none. */
    private Fields describeOfServices(Call call) throws ApiException {
        Filters.of(call.arguments(), FILTERS_OF_SERVICES);
        for (String id : call.arguments().strings("PrefixListId")) {
            requireWellFormed(id);
            throw ApiError.PREFIX_LIST_NOT_FOUND.of(id);
        }
        Pages.Page<String> none = pages.page(call.action(), call.arguments(), List.of(), id -> id);
        return new Fields.Builder()
                .with("prefixListSet", List.of())
                .with("nextToken", none.next())
                .build();
    }

    private Fields entries(Call call) throws ApiException {
        ManagedList list = find(store.now(), call.arguments().required("PrefixListId"));
        OptionalLong wanted = call.arguments().number("TargetVersion");
        ListVersion version = version(list, "TargetVersion", wanted.orElse(list.version()));
        List<String> sorted = version.entries().stream().sorted().toList();
        Pages.Page<String> page = pages.page(call.action(), call.arguments(), sorted, block -> block);
        return new Fields.Builder()
                .with(
                        "entrySet",
                        page.items().stream()
                                .map(block -> entry(version, block))
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    private static Fields entry(ListVersion version, String block) {
        return new Fields.Builder()
                .with("cidr", block)
                .with("description", Optional.ofNullable(version.descriptions().get(block)))
                .build();
    }

    private Fields associations(Call call) throws ApiException {
        Cloud cloud = store.now();
        ManagedList list = find(cloud, call.arguments().required("PrefixListId"));
        Pages.Page<String> page = pages.page(call.action(), call.arguments(), users(cloud, list.name()), id -> id);
        return new Fields.Builder()
                .with(
                        "prefixListAssociationSet",
                        page.items().stream()
                                .map(id -> new Fields.Builder()
                                        .with("resourceId", id)
                                        .with("resourceOwner", cloud.account().account())
                                        .build())
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    /** The ids of the groups and the ACLs that refer to a list of the configuration, ascending. */
    static List<String> users(Cloud cloud, String list) {
        Stream<String> groups = cloud.groups().stream()
                .filter(group -> rules(group).anyMatch(rule -> refers(rule, list)))
                .map(Group::id);
        Stream<String> acls = cloud.acls().stream()
                .filter(acl -> acl.written().map(NetworkAcl::rules).orElse(List.of()).stream()
                        .anyMatch(rule -> refers(rule, list)))
                .map(Acl::id);
        return Stream.concat(groups, acls).sorted().toList();
    }

    /** The keys of the configuration, groups and ACLs aside, under which something refers to a list. */
    static List<String> otherUsers(Cloud cloud, String list) {
        List<String> keys = new ArrayList<>();
        if (cloud.config().failsafe().rules().stream().anyMatch(rule -> refers(rule, list))) {
            keys.add("failsafe");
        }
        if (cloud.config().expectations().stream().anyMatch(claim -> refers(claim.packets(), list))) {
            keys.add("expect");
        }
        return keys;
    }

    private static Stream<Rule> rules(Group group) {
        List<Rule> egress = group.written().egress();
        return Stream.concat(group.written().ingress().stream(), egress == null ? Stream.empty() : egress.stream());
    }

    private static boolean refers(Rule rule, String list) {
        return rule.peers().contains(new Peer.Prefixes(list));
    }

    /**
     * The list with an id.
     *
     * @throws ApiException InvalidPrefixListID.Malformed, InvalidPrefixListID.NotFound
     */
    static ManagedList find(Cloud cloud, String id) throws ApiException {
        requireWellFormed(id);
        Optional<ManagedList> list = cloud.list(id);
        if (list.isEmpty()) {
            throw ApiError.PREFIX_LIST_NOT_FOUND.of(id);
        }
        return list.get();
    }

    private static void requireWellFormed(String id) throws ApiException {
        if (!ResourceKind.LIST.isWellFormed(id)) {
            throw ApiError.PREFIX_LIST_ID_MALFORMED.of(id);
        }
    }

    /**
     * A version of a list.
     *
     * @param parameter that names it
     * @throws ApiException it is not known, or no more
     */
    static ListVersion version(ManagedList list, String parameter, long number) throws ApiException {
        List<ListVersion> all = list.versions();
        for (ListVersion each : all) {
            if (each.number() == number) {
                return each;
            }
        }
        throw ApiError.INVALID_VALUE.of(
                number,
                parameter,
                "The known versions of the prefix list are " + all.getFirst().number() + " to "
                        + all.getLast().number() + ".");
    }

    /** A list in an answer. */
    static Fields fields(Cloud cloud, ManagedList list) {
        return fields(cloud, list, list.status().label());
    }

    /** A list in an answer, with another state. */
    static Fields fields(Cloud cloud, ManagedList list, String state) {
        return new Fields.Builder()
                .with("prefixListId", list.id())
                .with("addressFamily", list.isV6() ? "IPv6" : "IPv4")
                .with("state", state)
                .with("stateMessage", Optional.of(list.message()).filter(message -> !message.isEmpty()))
                .with("prefixListArn", cloud.account().arn("prefix-list", list.id()))
                .with("prefixListName", list.name())
                .with("maxEntries", list.maxEntries())
                .with("version", list.version())
                .with("tagSet", Tags.set(list.tags()))
                .with("ownerId", cloud.account().account())
                .build();
    }

    /** The answer of a call that has made or changed a list. */
    static Fields answer(Cloud then, String id) {
        return new Fields.Builder()
                .with(
                        "prefixList",
                        then.list(id).map(list -> fields(then, list)).orElse(Fields.NONE))
                .build();
    }
}
