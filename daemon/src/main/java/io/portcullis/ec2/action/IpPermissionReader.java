package io.portcullis.ec2.action;

import io.portcullis.config.Peer;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads the rules of a request, for one state of the configuration. */
final class IpPermissionReader {
    private static final List<String> FLAT = List.of(
            "CidrIp", "IpProtocol", "FromPort", "ToPort", "SourceSecurityGroupName", "SourceSecurityGroupOwnerId");
    private static final List<String> SOURCES = List.of("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId");

    private final Cloud cloud;

    IpPermissionReader(Cloud cloud) {
        this.cloud = cloud;
    }

    /** True: a request describes rules. */
    static boolean isAny(Arguments request) {
        return !request.structures("IpPermissions").isEmpty() || FLAT.stream().anyMatch(request::has);
    }

    /**
     * The rules of {@code IpPermissions}, or of the older parameters beside it, which hold one source.
     *
     * @throws ApiException a rule that cannot be, a group or a list that is not there, or no rule
     */
    List<PeerRule> listedOrFlat(Arguments request) throws ApiException {
        Optional<String> flat = FLAT.stream().filter(request::has).findFirst();
        boolean isListed = !request.structures("IpPermissions").isEmpty();
        if (isListed && flat.isPresent()) {
            throw ApiError.INVALID_COMBINATION.of(
                    "The parameter IpPermissions may not be used in combination with " + flat.get());
        }
        return flat.isPresent() ? flat(request) : listed(request);
    }

    /**
     * The rules of {@code IpPermissions}.
     *
     * @throws ApiException as {@link #listedOrFlat}
     */
    List<PeerRule> listed(Arguments request) throws ApiException {
        List<Arguments> permissions = request.structures("IpPermissions");
        if (permissions.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of("IpPermissions");
        }
        List<PeerRule> rules = new ArrayList<>();
        for (Arguments permission : permissions) {
            add(rules, permission);
        }
        return List.copyOf(rules);
    }

    private void add(List<PeerRule> rules, Arguments permission) throws ApiException {
        Traffic traffic = Traffic.read(permission);
        int before = rules.size();
        for (Arguments range : permission.structures("IpRanges")) {
            rules.add(rule(traffic, Blocks.read(range.required("CidrIp"), false), range));
        }
        for (Arguments range : permission.structures("Ipv6Ranges")) {
            rules.add(rule(traffic, Blocks.read(range.required("CidrIpv6"), true), range));
        }
        for (Arguments list : permission.structures("PrefixListIds")) {
            ManagedList found = PrefixListActions.find(cloud, list.required("PrefixListId"));
            rules.add(new PeerRule(traffic.with(new Peer.Prefixes(found.name())), found.id(), GroupText.ofRule(list)));
        }
        for (Arguments pair : permission.structures("Groups")) {
            Group found = group(pair);
            rules.add(new PeerRule(traffic.with(new Peer.Group(found.name())), found.id(), GroupText.ofRule(pair)));
        }
        if (rules.size() == before) {
            throw ApiError.RULE_WITHOUT_PEER.of(permission.path("IpRanges"));
        }
    }

    private static PeerRule rule(Traffic traffic, Cidr block, Arguments described) throws ApiException {
        return new PeerRule(traffic.with(new Peer.Net(block)), "", GroupText.ofRule(described));
    }

    private List<PeerRule> flat(Arguments request) throws ApiException {
        Optional<String> source = request.string("SourceSecurityGroupName");
        if (source.isEmpty()) {
            Cidr block = Blocks.read(request.required("CidrIp"), false);
            return List.of(new PeerRule(Traffic.read(request).with(new Peer.Net(block)), "", ""));
        }
        for (String name : FLAT.subList(0, FLAT.indexOf("SourceSecurityGroupName"))) {
            if (request.has(name)) {
                throw ApiError.INVALID_COMBINATION.of("The parameter SourceSecurityGroupName may not be used in"
                        + " combination with " + name + ": use IpPermissions");
            }
        }
        Group group = GroupLookup.byName(cloud, source.get());
        requireOwn(request.string("SourceSecurityGroupOwnerId"), source.get());
        List<PeerRule> rules = new ArrayList<>();
        for (int protocol : new int[] {IpProtocol.TCP, IpProtocol.UDP, IpProtocol.ICMP}) {
            rules.add(new PeerRule(Traffic.all(protocol).with(new Peer.Group(group.name())), group.id(), ""));
        }
        return rules;
    }

    /**
     * The rule of a {@code SecurityGroupRuleRequest}.
     *
     * @throws ApiException none or several sources, or as {@link #listedOrFlat}
     */
    PeerRule one(Arguments request) throws ApiException {
        List<String> sources = SOURCES.stream().filter(request::has).toList();
        if (sources.isEmpty()) {
            throw ApiError.RULE_WITHOUT_SOURCE.of();
        }
        if (sources.size() > 1) {
            throw ApiError.RULE_WITH_SOURCES.of();
        }
        Traffic traffic = Traffic.read(request);
        String source = sources.getFirst();
        String value = request.required(source);
        return switch (source) {
            case "PrefixListId" -> {
                ManagedList list = PrefixListActions.find(cloud, value);
                yield new PeerRule(traffic.with(new Peer.Prefixes(list.name())), list.id(), GroupText.ofRule(request));
            }
            case "ReferencedGroupId" -> {
                Group group = GroupLookup.byId(cloud, value);
                yield new PeerRule(traffic.with(new Peer.Group(group.name())), group.id(), GroupText.ofRule(request));
            }
            default -> rule(traffic, Blocks.read(value, source.equals("CidrIpv6")), request);
        };
    }

    private Group group(Arguments pair) throws ApiException {
        Optional<String> peering = pair.string("VpcPeeringConnectionId");
        if (peering.isPresent()) {
            throw ApiError.PEERING_NOT_FOUND.of(peering.get());
        }
        Optional<String> vpc = pair.string("VpcId");
        if (vpc.isPresent()) {
            Resources.require(cloud, ResourceKind.VPC, vpc.get());
        }
        Optional<String> id = pair.string("GroupId");
        Optional<String> name = pair.string("GroupName");
        if (id.isEmpty() && name.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of(pair.path("GroupId"));
        }
        requireOwn(pair.string("UserId"), id.or(() -> name).orElseThrow());
        if (id.isEmpty()) {
            return GroupLookup.byName(cloud, name.orElseThrow());
        }
        Group group = GroupLookup.byId(cloud, id.get());
        if (name.isPresent() && !GroupLookup.byName(cloud, name.get()).equals(group)) {
            throw ApiError.INVALID_COMBINATION.of(
                    pair.path("GroupId") + " and " + pair.path("GroupName") + " are different groups");
        }
        return group;
    }

    private void requireOwn(Optional<String> account, String group) throws ApiException {
        if (account.isPresent() && !account.get().equals(cloud.account().account())) {
            throw ApiError.GROUP_NOT_FOUND.of(group);
        }
    }
}
