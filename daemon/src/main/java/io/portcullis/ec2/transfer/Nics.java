package io.portcullis.ec2.transfer;

import io.portcullis.config.Ec2Api.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads network interfaces: those of describe-network-interfaces, and those that a launch template asks for. */
final class Nics {
    private static final int MOST_SECONDS = 432_000;

    /** EC2's names of timeouts, and the configuration's. */
    private static final Map<String, String> TIMEOUTS = timeouts();

    /** Members of a network interface that a firewall could mean, but that have no counterpart. */
    private static final Map<String, String> WITHOUT_COUNTERPART = Map.of(
            "SourceDestCheck",
                    "no counterpart: source-check of an interface drops spoofed sources, and is off unless set",
            "DenyAllIgwTraffic", "no counterpart");

    private static final Set<String> OF_A_TEMPLATE =
            Set.of("DeviceIndex", "SubnetId", "Groups", "NetworkInterfaceId", "ConnectionTrackingSpecification");

    private final Report report;

    Nics(Report report) {
        this.report = report;
    }

    private static Map<String, String> timeouts() {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("TcpEstablishedTimeout", "tcp-established");
        keys.put("UdpTimeout", "udp");
        keys.put("UdpStreamTimeout", "udp-stream");
        return keys;
    }

    /** Adds a network interface. Most of what EC2 says about it is state, and has no note. */
    void add(Members nic, Account account) {
        Optional<String> id = Ids.of(Kind.INTERFACE, nic, "NetworkInterfaceId", report);
        if (id.isEmpty() || !account.isNew(id.get(), nic.object())) {
            return;
        }
        List<Note> notes = new ArrayList<>();
        WITHOUT_COUNTERPART.forEach((key, reason) -> {
            if (nic.flag(key).orElse(false)) {
                notes.add(new Note(nic.location(key), key + " true: " + reason));
            }
        });
        if (nic.has("TagSet")) {
            Notes.tags(nic, "TagSet", "", report);
        }
        List<String> groups = new ArrayList<>();
        for (Members group : nic.objects("Groups")) {
            group.requiredText("GroupId").ifPresent(groups::add);
        }
        account.nics.add(new Account.Nic(
                id.get(),
                nic.inner("Attachment")
                        .flatMap(attachment -> attachment.number("DeviceIndex"))
                        .orElse(null),
                nic.text("SubnetId").orElse(null),
                groups,
                timeouts(nic, "ConnectionTrackingConfiguration"),
                notes,
                nic.location()));
    }

    /** Adds the network interface of a launch template; everything else that the template says about it has a note. */
    void addOfTemplate(Members nic, Account account) {
        for (String key : nic.keys()) {
            if (!OF_A_TEMPLATE.contains(key)) {
                report.note(nic.location(key), key + Notes.value(nic, key) + ": the host's own, not a firewall's");
            }
        }
        account.nics.add(new Account.Nic(
                nic.text("NetworkInterfaceId").orElse(null),
                nic.number("DeviceIndex").orElse(null),
                nic.text("SubnetId").orElse(null),
                nic.texts("Groups").stream().map(Json.Text::value).toList(),
                timeouts(nic, "ConnectionTrackingSpecification"),
                List.of(),
                nic.location()));
    }

    private Map<String, Duration> timeouts(Members nic, String key) {
        Map<String, Duration> timeouts = new LinkedHashMap<>();
        nic.inner(key)
                .ifPresent(settings -> TIMEOUTS.forEach((theirs, ours) -> settings.number(theirs)
                        .ifPresent(seconds -> {
                            if (seconds < 1 || seconds > MOST_SECONDS) {
                                report.error(
                                        settings.location(theirs),
                                        theirs + " " + seconds + ": must be 1 to " + MOST_SECONDS + " seconds");
                            } else {
                                timeouts.put(ours, Duration.ofSeconds(seconds));
                            }
                        })));
        return timeouts;
    }
}
