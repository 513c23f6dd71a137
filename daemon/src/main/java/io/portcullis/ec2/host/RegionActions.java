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

/** The only region, and the only zone of it. */
final class RegionActions {
    private static final String AVAILABLE = "available";
    private static final String NO_OPT_IN = "opt-in-not-required";
    private static final Set<String> REGION_FILTERS = Set.of("endpoint", "opt-in-status", "region-name");
    private static final Set<String> ZONE_FILTERS = Set.of(
            "group-long-name",
            "group-name",
            "message",
            "opt-in-status",
            "parent-zone-id",
            "parent-zone-name",
            "region-name",
            "state",
            "zone-id",
            "zone-name",
            "zone-type");

    private final CloudStore store;

    RegionActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeRegions", this::regions, "DescribeAvailabilityZones", this::zones);
    }

    /** Without an endpoint: a client would follow EC2's own to Amazon. */
    private Fields regions(Call call) throws ApiException {
        String region = store.now().account().region();
        Filters filters = Filters.of(call.arguments(), REGION_FILTERS);
        for (String name : call.arguments().strings("RegionName")) {
            if (!name.equals(region)) {
                throw ApiError.INVALID_VALUE.of(name, "RegionName", "The only region is " + region + ".");
            }
        }
        boolean isFound = filters.pass(filter -> switch (filter) {
            case "region-name" -> List.of(region);
            case "opt-in-status" -> List.of(NO_OPT_IN);
            default -> List.of();
        });
        Fields only = new Fields.Builder()
                .with("regionName", region)
                .with("optInStatus", NO_OPT_IN)
                .build();
        return new Fields.Builder()
                .with("regionInfo", isFound ? List.of(only) : List.of())
                .build();
    }

    private Fields zones(Call call) throws ApiException {
        Account account = store.now().account();
        Arguments request = call.arguments();
        Filters filters = Filters.of(request, ZONE_FILTERS);
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
        boolean isFound = filters.pass(filter -> zoneProperty(account, filter));
        return new Fields.Builder()
                .with("availabilityZoneInfo", isFound ? List.of(zone(account)) : List.of())
                .build();
    }

    private static List<String> zoneProperty(Account account, String filter) {
        return switch (filter) {
            case "group-name", "region-name" -> List.of(account.region());
            case "opt-in-status" -> List.of(NO_OPT_IN);
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
                .with("optInStatus", NO_OPT_IN)
                .with("zoneType", "availability-zone")
                .with("messageSet", List.of())
                .build();
    }
}
