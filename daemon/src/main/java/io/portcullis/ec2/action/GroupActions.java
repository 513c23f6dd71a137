package io.portcullis.ec2.action;

import io.portcullis.config.Peer;
import io.portcullis.config.edit.Edit;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.GroupRule;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.model.RuleRecords;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Makes and deletes security groups. */
final class GroupActions {
    /** EC2's own group of a VPC. */
    private static final String DEFAULT = "default";

    private final CloudStore store;

    GroupActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("CreateSecurityGroup", this::create, "DeleteSecurityGroup", this::delete);
    }

    private Fields create(Call call) throws ApiException {
        Arguments request = call.arguments();
        String name = GroupText.name(request.required("GroupName"));
        String description = request.required("GroupDescription");
        GroupText.requireDescription(description);
        Map<String, String> tags = Tags.specified(request, ResourceKind.GROUP);
        return store.change(call, cloud -> {
            requireNew(cloud, request, name);
            // A group that was renamed in a file may have the id that this name gives.
            String id = cloud.account()
                    .ids()
                    .of(ResourceKind.GROUP, name, taken -> cloud.group(taken).isPresent());
            RuleRecords records = new RuleRecords(cloud);
            records.removeGroup(id);
            for (Cidr everybody : List.of(Cidr.ALL_V4, Cidr.ALL_V6)) {
                Permission all = Permission.all(new Peer.Net(everybody));
                records.add(GroupRule.key(id, Direction.EGRESS, all, ""), Map.of());
            }
            Fields answer = new Fields.Builder()
                    .with("groupId", id)
                    .with("tagSet", Tags.set(tags))
                    .with("securityGroupArn", cloud.account().arn(ResourceKind.GROUP.resourceType(), id))
                    .build();
            return new Proposal(
                    List.of(new Edit.AddGroup(name, description, id)),
                    records.state().withTags(id, tags),
                    answer);
        });
    }

    private static void requireNew(Cloud cloud, Arguments request, String name) throws ApiException {
        Optional<String> vpc = request.string("VpcId");
        if (vpc.isPresent()) {
            Resources.require(cloud, ResourceKind.VPC, vpc.get());
        }
        if (name.equalsIgnoreCase(DEFAULT)) {
            throw ApiError.GROUP_NAME_RESERVED.of(name);
        }
        if (cloud.groupNamed(name).isPresent()) {
            throw ApiError.GROUP_DUPLICATE.of(name, cloud.account().vpcId());
        }
    }

    private Fields delete(Call call) throws ApiException {
        return store.change(call, cloud -> {
            Group group = GroupLookup.named(cloud, call.arguments());
            if (group.name().equalsIgnoreCase(DEFAULT)) {
                throw ApiError.CANNOT_DELETE.of(group.id(), group.name());
            }
            if (isNeeded(cloud, group)) {
                throw ApiError.DEPENDENCY_VIOLATION.of(group.id());
            }
            RuleRecords records = new RuleRecords(cloud);
            group.ingress().forEach(records::remove);
            group.egress().forEach(records::remove);
            records.removeGroup(group.id());
            Fields answer = new Fields.Builder()
                    .with("return", true)
                    .with("groupId", group.id())
                    .build();
            return new Proposal(List.of(new Edit.RemoveGroup(group.name())), records.state(), answer);
        });
    }

    /** True: an interface carries it, or a rule of another group refers to it. */
    private static boolean isNeeded(Cloud cloud, Group group) {
        return cloud.interfaces().stream()
                        .anyMatch(each -> each.written().securityGroups().contains(group.name()))
                || cloud.groups().stream()
                        .filter(other -> !other.name().equals(group.name()))
                        .flatMap(other -> other.written().rules().stream())
                        .anyMatch(rule -> rule.peers().contains(new Peer.Group(group.name())));
    }
}
