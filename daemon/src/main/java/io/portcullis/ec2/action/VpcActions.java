package io.portcullis.ec2.action;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import io.portcullis.ec2.wire.Pages;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The VPC. */
final class VpcActions {
    private static final Set<String> FILTERS =
            Set.of("vpc-id", "state", "cidr", "isDefault", "is-default", "owner-id", "tag-key", Filters.TAG);

    private final CloudStore store;
    private final Pages pages;

    VpcActions(CloudStore store, Pages pages) {
        this.store = store;
        this.pages = pages;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeVpcs", this::describeVpcs);
    }

    private Fields describeVpcs(Call call) throws ApiException {
        Cloud cloud = store.now();
        Filters filters = Filters.of(call.arguments(), FILTERS);
        for (String id : call.arguments().strings("VpcId")) {
            requireVpc(cloud, id);
        }
        List<String> found = filters.pass(name -> property(cloud, name))
                ? List.of(cloud.account().vpcId())
                : List.of();
        Pages.Page<String> page = pages.page(call.action(), call.arguments(), found, id -> id);
        return new Fields.Builder()
                .with("vpcSet", page.items().stream().map(_ -> vpc(cloud)).toList())
                .with("nextToken", page.next())
                .build();
    }

    /** @throws ApiException InvalidVpcID.NotFound */
    static void requireVpc(Cloud cloud, String id) throws ApiException {
        if (!id.equals(cloud.account().vpcId())) {
            throw ApiError.VPC_NOT_FOUND.of(id);
        }
    }

    private static Fields vpc(Cloud cloud) {
        Account account = cloud.account();
        return new Fields.Builder()
                .with("vpcId", account.vpcId())
                .with("state", "available")
                .with("ownerId", account.account())
                .with("isDefault", true)
                .build();
    }

    private static List<String> property(Cloud cloud, String name) {
        return switch (name) {
            case "vpc-id" -> List.of(cloud.account().vpcId());
            case "state" -> List.of("available");
            case "isDefault", "is-default" -> List.of("true");
            case "owner-id" -> List.of(cloud.account().account());
            default -> List.of();
        };
    }
}
