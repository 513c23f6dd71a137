package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import io.portcullis.ec2.wire.Filters;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The only region. */
final class RegionActions {
    static final String NO_OPT_IN = "opt-in-not-required";
    private static final Set<String> FILTERS = Set.of("endpoint", "opt-in-status", "region-name");

    private final CloudStore store;

    RegionActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of("DescribeRegions", this::describe);
    }

    /** Without an endpoint: a client would follow EC2's own to Amazon. */
    private Fields describe(Call call) throws ApiException {
        String region = store.now().account().region();
        Filters filters = Filters.of(call.arguments(), FILTERS);
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
}
