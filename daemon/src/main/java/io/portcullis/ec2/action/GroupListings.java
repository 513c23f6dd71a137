package io.portcullis.ec2.action;

import io.portcullis.config.Peer;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Lists security groups. */
final class GroupListings {
    private static final String INGRESS = "ip-permission.";
    private static final String EGRESS = "egress.ip-permission.";
    private static final List<String> OF_RULES = List.of(
            "cidr",
            "from-port",
            "group-id",
            "group-name",
            "ipv6-cidr",
            "prefix-list-id",
            "protocol",
            "to-port",
            "user-id");
    private static final Set<String> FILTERS = Tags.andFilters(Stream.concat(
                    Stream.of("description", "group-id", "group-name", "owner-id", "vpc-id"),
                    OF_RULES.stream().flatMap(name -> Stream.of(INGRESS + name, EGRESS + name)))
            .toArray(String[]::new));
    private static final Set<String> FILTERS_FOR_VPC =
            Tags.andFilters("description", "group-id", "group-name", "owner-id", "primary-vpc-id");

    private final CloudStore store;
    private final Pages pages;

    GroupListings(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "DescribeSecurityGroups", this::describe,
                "GetSecurityGroupsForVpc", this::ofVpc,
                "DescribeSecurityGroupReferences", this::references,
                "DescribeStaleSecurityGroups", this::stale);
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Arguments request = call.arguments();
        Filters filters = Filters.of(request, FILTERS);
        Set<String> named = new HashSet<>();
        for (String id : request.strings("GroupId")) {
            named.add(GroupLookup.byId(cloud, id).id());
        }
        for (String name : request.strings("GroupName")) {
            named.add(GroupLookup.byName(cloud, name).id());
        }
        List<Group> found = cloud.groups().stream()
                .filter(group -> named.isEmpty() || named.contains(group.id()))
                .filter(group -> filters.pass(name -> property(cloud, group, name)))
                .toList();
        Pages.Page<Group> page = pages.page(call.action(), request, found, Group::id);
        return new Fields.Builder()
                .with(
                        "securityGroupInfo",
                        page.items().stream().map(each -> group(cloud, each)).toList())
                .with("nextToken", page.next())
                .build();
    }

    private static Fields group(Cloud cloud, Group group) {
        return new Fields.Builder()
                .with("ownerId", cloud.account().account())
                .with("groupId", group.id())
                .with("groupName", group.name())
                .with("groupDescription", group.written().description())
                .with("vpcId", cloud.account().vpcId())
                .with("securityGroupArn", cloud.account().arn(ResourceKind.GROUP.resourceType(), group.id()))
                .with("ipPermissions", RuleFields.permissions(cloud, group.ingress()))
                .with("ipPermissionsEgress", RuleFields.permissions(cloud, group.egress()))
                .with("tagSet", Tags.set(group.tags()))
                .build();
    }

    private Fields ofVpc(Call call) throws ApiException {
        Cloud cloud = store.now();
        Arguments request = call.arguments();
        Resources.require(cloud, ResourceKind.VPC, request.required("VpcId"));
        Filters filters = Filters.of(request, FILTERS_FOR_VPC);
        List<Group> found = cloud.groups().stream()
                .filter(group -> filters.pass(name -> property(cloud, group, name)))
                .toList();
        Pages.Page<Group> page = pages.page(call.action(), request, found, Group::id);
        List<Fields> all = page.items().stream()
                .map(group -> new Fields.Builder()
                        .with("groupId", group.id())
                        .with("groupName", group.name())
                        .with("description", group.written().description())
                        .with("ownerId", cloud.account().account())
                        .with("primaryVpcId", cloud.account().vpcId())
                        .with("tagSet", Tags.set(group.tags()))
                        .build())
                .toList();
        return new Fields.Builder()
                .with("securityGroupForVpcSet", all)
                .with("nextToken", page.next())
                .build();
    }

    /** Groups of peered VPCs that refer to groups of this one: there is no peering. */
    private Fields references(Call call) throws ApiException {
        for (String id : call.arguments().strings("GroupId")) {
            GroupLookup.byId(store.now(), id);
        }
        return new Fields.Builder().with("securityGroupReferenceSet", List.of()).build();
    }

    /** Groups with rules for groups of a peered VPC that are gone: there is no peering. */
    private Fields stale(Call call) throws ApiException {
        Arguments request = call.arguments();
        Resources.require(store.now(), ResourceKind.VPC, request.required("VpcId"));
        Pages.Page<Group> none = pages.page(call.action(), request, List.of(), Group::id);
        return new Fields.Builder()
                .with("staleSecurityGroupSet", List.of())
                .with("nextToken", none.next())
                .build();
    }

    private static Collection<String> property(Cloud cloud, Group group, String name) {
        if (name.startsWith(INGRESS)) {
            return ofRules(cloud, group.ingress(), name.substring(INGRESS.length()));
        }
        if (name.startsWith(EGRESS)) {
            return ofRules(cloud, group.egress(), name.substring(EGRESS.length()));
        }
        return switch (name) {
            case "description" -> List.of(group.written().description());
            case "group-id" -> List.of(group.id());
            case "group-name" -> List.of(group.name());
            case "owner-id" -> List.of(cloud.account().account());
            case "vpc-id", "primary-vpc-id" -> List.of(cloud.account().vpcId());
            default -> Tags.property(name, group.tags());
        };
    }

    private static Collection<String> ofRules(Cloud cloud, List<GroupRule> rules, String name) {
        return rules.stream().flatMap(rule -> ofRule(cloud, rule, name)).toList();
    }

    private static Stream<String> ofRule(Cloud cloud, GroupRule rule, String name) {
        return switch (name) {
            case "cidr", "ipv6-cidr" ->
                rule.block().stream()
                        .filter(block -> block.isV6() == name.equals("ipv6-cidr"))
                        .map(Object::toString);
            case "from-port" -> RuleFields.hasPorts(rule) ? Stream.of(String.valueOf(rule.fromPort())) : Stream.of();
            case "to-port" -> RuleFields.hasPorts(rule) ? Stream.of(String.valueOf(rule.toPort())) : Stream.of();
            case "group-id" -> rule.refersToGroup() ? Stream.of(rule.peerId()) : Stream.of();
            case "user-id" -> rule.refersToGroup() ? Stream.of(cloud.account().account()) : Stream.of();
            case "group-name" ->
                rule.permission().peer() instanceof Peer.Group(String group) ? Stream.of(group) : Stream.of();
            case "prefix-list-id" -> rule.refersToList() ? Stream.of(rule.peerId()) : Stream.of();
            case "protocol" ->
                Stream.of(rule.protocol(), String.valueOf(rule.permission().protocol()));
            default -> throw new IllegalArgumentException(name);
        };
    }
}
