package io.portcullis.ec2.host;

import io.portcullis.ec2.ActionHandler;
import io.portcullis.ec2.Call;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The account, and who calls. */
final class AccountActions {
    private final CloudStore store;

    AccountActions(CloudStore store) {
        this.store = store;
    }

    Map<String, ActionHandler> handlers() {
        return Map.of(
                "DescribeAccountAttributes", this::attributes,
                "GetCallerIdentity", this::caller);
    }

    private Fields attributes(Call call) throws ApiException {
        Map<String, String> all = new LinkedHashMap<>();
        all.put("supported-platforms", "VPC");
        all.put("default-vpc", store.now().account().vpcId());
        all.put("max-instances", "1");
        all.put("vpc-max-security-groups-per-interface", String.valueOf(Integer.MAX_VALUE));
        all.put("max-elastic-ips", "0");
        all.put("vpc-max-elastic-ips", "0");
        List<String> wanted = call.arguments().strings("AttributeName");
        for (String name : wanted) {
            if (!all.containsKey(name)) {
                throw ApiError.INVALID_VALUE.of(
                        name, "AttributeName", "Expecting one of: " + String.join(", ", all.keySet()));
            }
        }
        List<Fields> shown = all.entrySet().stream()
                .filter(each -> wanted.isEmpty() || wanted.contains(each.getKey()))
                .map(each -> attribute(each.getKey(), each.getValue()))
                .toList();
        return new Fields.Builder().with("accountAttributeSet", shown).build();
    }

    private static Fields attribute(String name, String value) {
        Fields only = new Fields.Builder().with("attributeValue", value).build();
        return new Fields.Builder()
                .with("attributeName", name)
                .with("attributeValueSet", List.of(only))
                .build();
    }

    private Fields caller(Call call) throws ApiException {
        String account = store.now().account().account();
        String key = call.by().id();
        return new Fields.Builder()
                .with("UserId", key)
                .with("Account", account)
                .with("Arn", "arn:aws:iam::" + account + ":user/" + key)
                .build();
    }
}
