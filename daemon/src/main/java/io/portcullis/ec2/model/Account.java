package io.portcullis.ec2.model;

import io.portcullis.config.Config;
import io.portcullis.config.Ec2Api;
import java.util.Map;
import java.util.Objects;

/**
 * This host, as a cloud of its own: one account, one region, one VPC, one instance.
 *
 * @param account 12 digits, the owner of all objects
 * @param region such as {@code us-east-1}
 * @param vpcId the default VPC
 * @param subnetIds by the names of interfaces; those of the others are derived
 * @param ids derives all ids that nobody has set
 */
public record Account(String account, String region, String vpcId, Map<String, String> subnetIds, Ids ids) {
    public Account {
        subnetIds = Map.copyOf(subnetIds);
    }

    /** The host with this configuration. */
    public static Account of(Config config, Ids ids) {
        Ec2Api api = Objects.requireNonNullElse(config.ec2Api(), Ec2Api.STANDARD);
        String vpcId = api.vpcId();
        return new Account(
                Objects.requireNonNullElseGet(api.account(), ids::account),
                api.shownRegion(),
                vpcId == null ? ids.of(ResourceKind.VPC, "") : vpcId,
                api.subnetIds(),
                ids);
    }

    /** The only availability zone. */
    public String zone() {
        return region + "a";
    }

    /** {@code use1-az1}, as EC2 has it in us-east-1; here the region's name and {@code -az1}. */
    public String zoneId() {
        return region + "-az1";
    }

    /** The id of this host. */
    public String instanceId() {
        return ids.of(ResourceKind.INSTANCE, "host");
    }

    /** An ARN of an object of EC2's. */
    public String arn(String type, String id) {
        return "arn:aws:ec2:" + region + ":" + account + ":" + type + "/" + id;
    }
}
