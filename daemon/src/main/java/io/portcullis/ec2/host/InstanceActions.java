package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Proposal;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The only instance: this host, which is running. */
final class InstanceActions {
    /** What can be changed in EC2, but not here. */
    private static final List<String> OTHERS = List.of(
            "SourceDestCheck",
            "DisableApiStop",
            "Attribute",
            "Value",
            "BlockDeviceMapping",
            "DisableApiTermination",
            "InstanceType",
            "Kernel",
            "Ramdisk",
            "UserData",
            "InstanceInitiatedShutdownBehavior",
            "EbsOptimized",
            "SriovNetSupport",
            "EnaSupport");

    private final CloudStore store;
    private final Pages pages;

    InstanceActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "DescribeInstances", this::describe,
                "DescribeInstanceAttribute", this::attribute,
                "ModifyInstanceAttribute", call -> store.change(call, now -> modify(call.arguments(), now)));
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Arguments request = call.arguments();
        Filters filters = Filters.of(request, InstanceFilters.NAMES);
        List<String> ids = request.strings("InstanceId");
        if (!ids.isEmpty() && request.has("MaxResults")) {
            throw ApiError.PARAMETER_WITH_MAX_RESULTS.of("instancesSet");
        }
        for (String id : ids) {
            Resources.require(cloud, ResourceKind.INSTANCE, id);
        }
        List<String> found = filters.pass(name -> InstanceFilters.property(cloud, name))
                ? List.of(cloud.account().instanceId())
                : List.of();
        Pages.Page<String> page = pages.page(call.action(), request, found, Function.identity());
        return new Fields.Builder()
                .with(
                        "reservationSet",
                        page.items().stream()
                                .map(_ -> InstanceFields.reservation(cloud))
                                .toList())
                .with("nextToken", page.next())
                .build();
    }

    private Fields attribute(Call call) throws ApiException {
        Cloud cloud = store.now();
        String id = call.arguments().required("InstanceId");
        Resources.require(cloud, ResourceKind.INSTANCE, id);
        Fields.Builder answer = new Fields.Builder().with("instanceId", id);
        String attribute = call.arguments().required("Attribute");
        Fields.Builder shown = switch (attribute) {
            case "groupSet" -> answer.with(attribute, InterfaceFields.groups(InstanceFields.groups(cloud)));
            case "blockDeviceMapping", "productCodes" -> answer.with(attribute, List.of());
            case "sourceDestCheck" ->
                answer.with(
                        attribute,
                        InstanceFields.primary(cloud)
                                .map(each -> new Fields.Builder()
                                        .with("value", each.written().sourceCheck())
                                        .build())
                                .orElse(Fields.NONE));
            case "disableApiStop",
                    "disableApiTermination",
                    "ebsOptimized",
                    "enaSupport",
                    "enclaveOptions",
                    "instanceInitiatedShutdownBehavior",
                    "instanceType",
                    "kernel",
                    "ramdisk",
                    "rootDeviceName",
                    "sriovNetSupport",
                    "userData" -> answer.with(attribute, Fields.NONE);
            default ->
                throw ApiError.INVALID_VALUE.of(
                        attribute, "Attribute", "An instance has no such attribute, or this host does not know it.");
        };
        return shown.build();
    }

    private static Proposal modify(Arguments request, Cloud now) throws ApiException {
        String id = request.required("InstanceId");
        Resources.require(now, ResourceKind.INSTANCE, id);
        InterfaceActions.refuse(request, OTHERS, "an instance");
        List<String> groups = request.strings("GroupId");
        List<NetworkInterface> all = now.interfaces();
        if (groups.isEmpty()) {
            throw ApiError.INVALID_COMBINATION.of("No attributes specified.");
        }
        if (all.size() > 1) {
            throw ApiError.INSTANCE_WITH_INTERFACES.of(id);
        }
        return InterfaceActions.withGroups(now, all.getFirst(), groups);
    }
}
