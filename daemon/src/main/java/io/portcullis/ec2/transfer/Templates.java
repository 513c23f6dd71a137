package io.portcullis.ec2.transfer;

import io.portcullis.config.Location;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Reads launch templates: their network interfaces and security groups are a firewall's, the rest is not. */
final class Templates {
    /** Members of a launch template's data alone: a text that has one of them is such data. */
    private static final Set<String> TELLING = Set.of(
            "BlockDeviceMappings",
            "CapacityReservationSpecification",
            "CpuOptions",
            "CreditSpecification",
            "DisableApiStop",
            "DisableApiTermination",
            "EbsOptimized",
            "ElasticGpuSpecifications",
            "ElasticInferenceAccelerators",
            "EnclaveOptions",
            "HibernationOptions",
            "IamInstanceProfile",
            "ImageId",
            "InstanceInitiatedShutdownBehavior",
            "InstanceMarketOptions",
            "InstanceRequirements",
            "InstanceType",
            "KernelId",
            "KeyName",
            "LicenseSpecifications",
            "MaintenanceOptions",
            "MetadataOptions",
            "Monitoring",
            "NetworkPerformanceOptions",
            "Placement",
            "PrivateDnsNameOptions",
            "RamDiskId",
            "SecurityGroupIds",
            "TagSpecifications",
            "UserData");

    private static final Set<String> FIREWALL = Set.of("NetworkInterfaces", "SecurityGroupIds", "SecurityGroups");

    private final Report report;

    Templates(Report report) {
        this.report = report;
    }

    /** True: the object is the data of a launch template, and no answer of a describe call. */
    static boolean isData(Members object) {
        return object.keys().stream().anyMatch(TELLING::contains)
                || isOf(object, "SecurityGroups", Json.Text.class::isInstance)
                || isOf(
                        object,
                        "NetworkInterfaces",
                        item -> item instanceof Json.Entries nic
                                && !nic.members().containsKey("VpcId"));
    }

    private static boolean isOf(Members object, String key, Predicate<Json> isItem) {
        return object.value(key)
                .map(value -> value instanceof Json.Items items
                        && !items.items().isEmpty()
                        && isItem.test(items.items().getFirst()))
                .orElse(false);
    }

    /** Adds the version of describe-launch-template-versions: the only one, or else the default one. */
    void addVersion(Members answer, Account account) {
        List<Members> versions = answer.objects("LaunchTemplateVersions");
        List<Members> chosen = versions.size() == 1
                ? versions
                : versions.stream()
                        .filter(version -> version.flag("DefaultVersion").orElse(false))
                        .toList();
        if (chosen.size() != 1) {
            report.error(
                    answer.location("LaunchTemplateVersions"),
                    versions.size() + " versions: give one, such as describe-launch-template-versions"
                            + " --launch-template-id lt-… --versions '$Default'");
            return;
        }
        Members version = chosen.getFirst();
        if (versions.size() > 1) {
            report.note(
                    version.location(),
                    "of " + versions.size() + " versions the default one, version"
                            + Notes.value(version, "VersionNumber"));
        }
        Optional<Members> data = version.inner("LaunchTemplateData");
        if (data.isEmpty() && !version.has("LaunchTemplateData")) {
            report.error(version.location(), "LaunchTemplateData is missing");
        }
        data.ifPresent(template -> add(template, account));
    }

    void add(Members data, Account account) {
        for (String key : data.keys()) {
            if (!FIREWALL.contains(key)) {
                // User data may hold secrets.
                String value = key.equals("UserData") ? "" : Notes.value(data, key);
                report.note(data.location(key), key + value + ": not a firewall's");
            }
        }
        Nics nics = new Nics(report);
        data.objects("NetworkInterfaces").forEach(nic -> nics.addOfTemplate(nic, account));
        List<Json.Text> ids = data.texts("SecurityGroupIds");
        List<Json.Text> names = data.texts("SecurityGroups");
        if (!ids.isEmpty() || !names.isEmpty()) {
            Location location = data.location(ids.isEmpty() ? "SecurityGroups" : "SecurityGroupIds");
            List<String> groups = Stream.concat(ids.stream(), names.stream())
                    .map(Json.Text::value)
                    .toList();
            // Without network interfaces EC2 makes one, with index 0, in a subnet of its choice.
            account.nics.add(new Account.Nic(null, 0, null, groups, Map.of(), List.of(), location));
        }
    }
}
