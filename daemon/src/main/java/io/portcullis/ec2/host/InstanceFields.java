package io.portcullis.ec2.host;

import io.portcullis.ec2.model.Account;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.NetworkInterface;
import io.portcullis.ec2.model.ResourceKind;
import io.portcullis.ec2.tag.Tags;
import io.portcullis.ec2.wire.Fields;
import java.util.List;
import java.util.Optional;

/** This host as answers show an instance. */
final class InstanceFields {
    static final String RUNNING = "running";
    static final int RUNNING_CODE = 16;
    static final String NOT_MONITORED = "disabled";
    static final String PLATFORM = "Linux/UNIX";
    static final String TENANCY = "default";

    private InstanceFields() {}

    /** A reservation has groups only in EC2-Classic. */
    static Fields reservation(Cloud cloud) {
        return new Fields.Builder()
                .with("reservationId", reservationId(cloud))
                .with("ownerId", cloud.account().account())
                .with("groupSet", List.of())
                .with("instancesSet", List.of(instance(cloud)))
                .build();
    }

    static String reservationId(Cloud cloud) {
        return cloud.account().ids().of(ResourceKind.RESERVATION, "host");
    }

    private static Fields placement(Account account) {
        Fields.Builder zone = new Fields.Builder().with("availabilityZone", account.zone());
        return zone.with("availabilityZoneId", account.zoneId())
                .with("tenancy", TENANCY)
                .build();
    }

    private static Fields instance(Cloud cloud) {
        Account account = cloud.account();
        Fields state = new Fields.Builder()
                .with("code", RUNNING_CODE)
                .with("name", RUNNING)
                .build();
        Fields.Builder instance = new Fields.Builder()
                .with("instanceId", account.instanceId())
                .with("instanceState", state)
                .with("amiLaunchIndex", 0)
                .with("platformDetails", PLATFORM)
                .with("placement", placement(account))
                .with(
                        "monitoring",
                        new Fields.Builder().with("state", NOT_MONITORED).build())
                .with("vpcId", account.vpcId())
                .with("privateDnsName", "")
                .with("dnsName", "")
                .with("reason", "")
                .with("productCodes", List.of())
                .with("blockDeviceMapping", List.of())
                .with("groupSet", InterfaceFields.groups(groups(cloud)))
                .with(
                        "networkInterfaceSet",
                        InterfaceFields.inOrder(cloud).stream()
                                .map(each -> InterfaceFields.ofInstance(cloud, each))
                                .toList())
                .with("tagSet", Tags.set(cloud.state().tags(account.instanceId())));
        primary(cloud)
                .ifPresent(primary -> instance.with("subnetId", primary.subnetId())
                        .with("privateIpAddress", InterfaceFields.first(primary, false))
                        .with("ipv6Address", InterfaceFields.first(primary, true))
                        .with("sourceDestCheck", primary.written().sourceCheck()));
        return instance.build();
    }

    /** The interface of device index 0; empty: there are no interfaces. */
    static Optional<NetworkInterface> primary(Cloud cloud) {
        return InterfaceFields.inOrder(cloud).stream().findFirst();
    }

    /** The groups of all interfaces, each once. */
    static List<Group> groups(Cloud cloud) {
        return InterfaceFields.inOrder(cloud).stream()
                .flatMap(each -> InterfaceFields.groupsOf(cloud, each).stream())
                .distinct()
                .toList();
    }
}
