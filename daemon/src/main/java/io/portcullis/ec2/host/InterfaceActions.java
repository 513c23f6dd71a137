package io.portcullis.ec2.host;

import io.portcullis.config.edit.Edit;
import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Network interfaces, and the change of their groups. */
final class InterfaceActions {
    /** What can be changed in EC2, but not here. */
    private static final List<String> OTHERS = List.of(
            "Description",
            "SourceDestCheck",
            "Attachment",
            "EnaSrdSpecification",
            "EnablePrimaryIpv6",
            "ConnectionTrackingSpecification",
            "AssociatePublicIpAddress",
            "AssociatedSubnetId");

    private final CloudStore store;
    private final Pages pages;

    InterfaceActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "DescribeNetworkInterfaces", this::describe,
                "DescribeNetworkInterfaceAttribute", this::attribute,
                "ModifyNetworkInterfaceAttribute", call -> store.change(call, now -> modify(call.arguments(), now)));
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Arguments request = call.arguments();
        Filters filters = Filters.of(request, InterfaceFilters.NAMES);
        Set<String> ids = Set.copyOf(request.strings("NetworkInterfaceId"));
        for (String id : ids) {
            Resources.require(cloud, ResourceKind.INTERFACE, id);
        }
        List<NetworkInterface> found = cloud.interfaces().stream()
                .filter(each -> ids.isEmpty() || ids.contains(each.id()))
                .filter(each -> filters.pass(name -> InterfaceFilters.property(cloud, each, name)))
                .toList();
        Pages.Page<NetworkInterface> page = pages.page(call.action(), request, found, NetworkInterface::id);
        return new Fields.Builder()
                .with(
                        "networkInterfaceSet",
                        page.items().stream()
                                .map(each -> InterfaceFields.all(cloud, each))
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    private Fields attribute(Call call) throws ApiException {
        Cloud cloud = store.now();
        NetworkInterface iface = named(cloud, call.arguments());
        Fields.Builder answer = new Fields.Builder().with("networkInterfaceId", iface.id());
        String attribute = call.arguments().required("Attribute");
        Fields.Builder shown = switch (attribute) {
            case "groupSet" -> answer.with(attribute, InterfaceFields.groups(cloud, iface));
            case "attachment" -> answer.with(attribute, InterfaceFields.attachmentOf(cloud, iface));
            case "associatePublicIpAddress" -> answer.with(attribute, false);
            case "description" ->
                answer.with(
                        attribute,
                        new Fields.Builder().with("value", iface.name()).build());
            case "sourceDestCheck" ->
                answer.with(
                        attribute,
                        new Fields.Builder()
                                .with("value", iface.written().sourceCheck())
                                .build());
            default -> throw new IllegalArgumentException(attribute);
        };
        return shown.build();
    }

    private static Proposal modify(Arguments request, Cloud now) throws ApiException {
        NetworkInterface iface = named(now, request);
        refuse(request, OTHERS, "a network interface");
        return withGroups(now, iface, request.strings("SecurityGroupId"));
    }

    private static NetworkInterface named(Cloud cloud, Arguments request) throws ApiException {
        String id = request.required("NetworkInterfaceId");
        Resources.require(cloud, ResourceKind.INTERFACE, id);
        return cloud.networkInterface(id).orElseThrow();
    }

    /**
     * Refuses to change anything but groups.
     *
     * @param others the names of the other parameters
     * @param what has the groups, for messages
     */
    static void refuse(Arguments request, List<String> others, String what) throws ApiException {
        for (String other : others) {
            if (request.has(other)) {
                throw ApiError.OPERATION_NOT_PERMITTED.of(
                        "Only the security groups of " + what + " can be changed on this host, not " + other);
            }
        }
    }

    /**
     * A change of the groups of an interface.
     *
     * @param ids of all groups that it has from now on
     * @throws ApiException no group, one that does not exist, or one that comes twice
     */
    static Proposal withGroups(Cloud now, NetworkInterface iface, List<String> ids) throws ApiException {
        if (ids.isEmpty()) {
            throw ApiError.INVALID_COMBINATION.of("No attributes specified.");
        }
        Set<String> names = new LinkedHashSet<>();
        for (String id : ids) {
            Resources.require(now, ResourceKind.GROUP, id);
            if (!names.add(now.group(id).map(Group::name).orElseThrow())) {
                throw ApiError.INVALID_PARAMETER.of("The security group '" + id + "' is specified more than once");
            }
        }
        boolean isSame = names.equals(Set.copyOf(iface.written().securityGroups()));
        Edit edit = new Edit.SetGroups(iface.name(), List.copyOf(names));
        return new Proposal(isSame ? List.of() : List.of(edit), now.state(), Fields.DONE);
    }
}
