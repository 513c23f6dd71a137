package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The only availability zone. */
final class ZoneActions {
    private static final String AVAILABLE = "available";

    /** DescribeAvailabilityZones, EC2 API Reference; parent-zoneID and parent-zoneName are of older versions. */
    private static final Set<String> FILTERS = Set.of(
            "group-long-name",
            "group-name",
            "message",
            "opt-in-status",
            "parent-zone-id",
            "parent-zoneID",
            "parent-zone-name",
            "parent-zoneName",
            "region-name",
            "state",
            "zone-id",
            "zone-name",
            "zone-type");

    private final CloudStore store;

    ZoneActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeAvailabilityZones", this::describe);
    }

    private Fields describe(Call call) throws ApiException {
        Account account = store.now().account();
        Arguments request = call.arguments();
        Filters filters = Filters.of(request, FILTERS);
        for (String name : request.strings("ZoneName")) {
            if (!name.equals(account.zone())) {
                throw ApiError.ZONE_NOT_FOUND.of(name);
            }
        }
        for (String id : request.strings("ZoneId")) {
            if (!id.equals(account.zoneId())) {
                throw ApiError.ZONE_ID_NOT_FOUND.of(id);
            }
        }
        boolean isFound = filters.pass(filter -> property(account, filter));
        return new Fields.Builder()
                .with("availabilityZoneInfo", isFound ? List.of(zone(account)) : List.of())
                .build();
    }

    private static List<String> property(Account account, String filter) {
        return switch (filter) {
            case "group-name", "region-name" -> List.of(account.region());
            case "opt-in-status" -> List.of(RegionActions.NO_OPT_IN);
            case "state" -> List.of(AVAILABLE);
            case "zone-id" -> List.of(account.zoneId());
            case "zone-name" -> List.of(account.zone());
            case "zone-type" -> List.of("availability-zone");
            default -> List.of();
        };
    }

    private static Fields zone(Account account) {
        return new Fields.Builder()
                .with("zoneName", account.zone())
                .with("zoneId", account.zoneId())
                .with("zoneState", AVAILABLE)
                .with("regionName", account.region())
                .with("groupName", account.region())
                .with("networkBorderGroup", account.region())
                .with("optInStatus", RegionActions.NO_OPT_IN)
                .with("zoneType", "availability-zone")
                .with("messageSet", List.of())
                .build();
    }
}
