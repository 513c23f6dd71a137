package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Resources;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The VPC: the networks of all interfaces. */
final class VpcActions {
    private final CloudStore store;
    private final Pages pages;

    VpcActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeVpcs", this::describe, "DescribeVpcAttribute", this::attribute);
    }

    private Fields describe(Call call) throws ApiException {
        Cloud cloud = store.now();
        Filters filters = Filters.of(call.arguments(), VpcFilters.NAMES);
        for (String id : call.arguments().strings("VpcId")) {
            Resources.require(cloud, ResourceKind.VPC, id);
        }
        List<String> found = filters.pass(name -> VpcFilters.property(cloud, name))
                ? List.of(cloud.account().vpcId())
                : List.of();
        Pages.Page<String> page = pages.page(call.action(), call.arguments(), found, Function.identity());
        return new Fields.Builder()
                .with(
                        "vpcSet",
                        page.items().stream().map(_ -> VpcFields.vpc(cloud)).toList())
                .with("nextToken", page.next())
                .build();
    }

    /** This host's name service is not EC2's, and its addresses are not counted. */
    private Fields attribute(Call call) throws ApiException {
        Arguments request = call.arguments();
        String id = request.required("VpcId");
        Resources.require(store.now(), ResourceKind.VPC, id);
        Fields no = new Fields.Builder().with("value", false).build();
        return new Fields.Builder()
                .with("vpcId", id)
                .with(request.required("Attribute"), no)
                .build();
    }
}
