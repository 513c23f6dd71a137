package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Subnets: one per interface. */
final class SubnetActions {
    private final CloudStore store;
    private final Pages pages;

    SubnetActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeSubnets", this::describe);
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Filters filters = Filters.of(call.arguments(), SubnetFilters.NAMES);
        Set<String> ids = Set.copyOf(call.arguments().strings("SubnetId"));
        for (String id : ids) {
            Resources.require(cloud, ResourceKind.SUBNET, id);
        }
        List<NetworkInterface> found = cloud.interfaces().stream()
                .filter(each -> ids.isEmpty() || ids.contains(each.subnetId()))
                .filter(each -> filters.pass(name -> SubnetFilters.property(cloud, each, name)))
                .sorted(Comparator.comparing(NetworkInterface::subnetId))
                .toList();
        Pages.Page<NetworkInterface> page =
                pages.page(call.action(), call.arguments(), found, NetworkInterface::subnetId);
        return new Fields.Builder()
                .with(
                        "subnetSet",
                        page.items().stream()
                                .map(each -> SubnetFields.subnet(cloud, each))
                                .toList())
                .with("nextToken", page.next())
                .build();
    }
}
