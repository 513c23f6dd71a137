package io.portcullis.ec2.action;

import io.portcullis.config.NetworkAcl;
import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Acl;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Network ACLs, and which interface has which; each interface is in a subnet of its own. */
final class AclActions {
    private static final Set<String> FILTERS = Tags.andFilters(
            "association.association-id",
            "association.network-acl-id",
            "association.subnet-id",
            "default",
            "entry.cidr",
            "entry.egress",
            "entry.icmp.code",
            "entry.icmp.type",
            "entry.ipv6-cidr",
            "entry.port-range.from",
            "entry.port-range.to",
            "entry.protocol",
            "entry.rule-action",
            "entry.rule-number",
            "network-acl-id",
            "owner-id",
            "vpc-id");

    private final CloudStore store;
    private final Pages pages;

    AclActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "CreateNetworkAcl", call -> store.change(call, now -> create(call, now)),
                "DeleteNetworkAcl", call -> store.change(call, now -> delete(call, now)),
                "DescribeNetworkAcls", this::describe,
                "ReplaceNetworkAclAssociation", call -> store.change(call, now -> associate(call, now)));
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Filters filters = Filters.of(call.arguments(), FILTERS);
        Set<String> ids = new HashSet<>(call.arguments().strings("NetworkAclId"));
        for (String id : call.arguments().strings("NetworkAclId")) {
            find(cloud, id);
        }
        List<Acl> found = cloud.acls().stream()
                .filter(acl -> ids.isEmpty() || ids.contains(acl.id()))
                .filter(acl -> filters.pass(name -> AclFields.property(cloud, acl, name)))
                .toList();
        Pages.Page<Acl> page = pages.page(call.action(), call.arguments(), found, Acl::id);
        return new Fields.Builder()
                .with(
                        "networkAclSet",
                        page.items().stream()
                                .map(acl -> AclFields.acl(cloud, acl))
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    private static Proposal create(Call call, Cloud now) throws ApiException {
        Arguments request = call.arguments();
        String vpc = request.required("VpcId");
        Resources.require(now, ResourceKind.VPC, vpc);
        Map<String, String> tags = Tags.specified(request, ResourceKind.ACL);
        ClientToken token = ClientToken.of(call, List.of(vpc, tags.toString()));
        Optional<Acl> before = token.madeBefore(now.state()).flatMap(now::acl);
        if (before.isPresent()) {
            return new Proposal(
                    List.of(), now.state(), created(call, now, before.get().id()));
        }
        String name = name(now, tags);
        String id = now.account()
                .ids()
                .of(ResourceKind.ACL, name, taken -> now.acl(taken).isPresent());
        State next = token.kept(now.state().withTags(id, tags), id);
        return new Proposal(List.of(new Edit.AddAcl(name, id)), next, then -> created(call, then, id));
    }

    /** EC2's ACLs have no names, those of the configuration do: the tag {@code Name}, if it is free, else a number. */
    private static String name(Cloud now, Map<String, String> tags) {
        Set<String> taken = now.config().networkAcls().keySet();
        String tag = tags.getOrDefault("Name", "");
        if (!tag.isBlank() && GroupText.isAllowed(tag) && !taken.contains(tag)) {
            return tag;
        }
        int number = 1;
        while (taken.contains(ResourceKind.ACL.prefix() + number)) {
            number++;
        }
        return ResourceKind.ACL.prefix() + number;
    }

    private static Fields created(Call call, Cloud then, String id) {
        return new Fields.Builder()
                .with(
                        "networkAcl",
                        then.acl(id).map(acl -> AclFields.acl(then, acl)).orElse(Fields.NONE))
                .with("clientToken", call.arguments().string("ClientToken"))
                .build();
    }

    private static Proposal delete(Call call, Cloud now) throws ApiException {
        Acl acl = find(now, call.arguments().required("NetworkAclId"));
        if (acl.written().isEmpty()) {
            throw ApiError.ACL_IS_DEFAULT.of(acl.id());
        }
        if (AclFields.associations(now, acl).findAny().isPresent()) {
            throw ApiError.ACL_IN_USE.of(acl.id());
        }
        Edit edit = new Edit.RemoveAcl(acl.written().get().name());
        return new Proposal(List.of(edit), now.state().withTags(acl.id(), Map.of()), Fields.DONE);
    }

    private static Proposal associate(Call call, Cloud now) throws ApiException {
        String association = call.arguments().required("AssociationId");
        if (!ResourceKind.ACL_ASSOCIATION.isWellFormed(association)) {
            throw ApiError.ASSOCIATION_ID_MALFORMED.of(association);
        }
        Optional<NetworkInterface> found = now.interfaces().stream()
                .filter(each -> each.aclAssociationId().equals(association))
                .findFirst();
        if (found.isEmpty()) {
            throw ApiError.ASSOCIATION_NOT_FOUND.of(association);
        }
        NetworkInterface iface = found.get();
        Acl acl = find(now, call.arguments().required("NetworkAclId"));
        Edit edit = new Edit.SetAcl(
                iface.name(), acl.written().map(NetworkAcl::name).orElse(null));
        List<Edit> edits = acl.id().equals(iface.aclId()) ? List.of() : List.of(edit);
        return new Proposal(
                edits,
                now.state(),
                then -> new Fields.Builder()
                        .with(
                                "newAssociationId",
                                then.networkInterface(iface.id()).map(NetworkInterface::aclAssociationId))
                        .build());
    }

    /**
     * The ACL with an id.
     *
     * @throws ApiException InvalidNetworkAclID.Malformed, InvalidNetworkAclID.NotFound
     */
    static Acl find(Cloud cloud, String id) throws ApiException {
        if (!ResourceKind.ACL.isWellFormed(id)) {
            throw ApiError.ACL_ID_MALFORMED.of(id);
        }
        Optional<Acl> acl = cloud.acl(id);
        if (acl.isEmpty()) {
            throw ApiError.ACL_NOT_FOUND.of(id);
        }
        return acl.get();
    }
}
