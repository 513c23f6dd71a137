package io.portcullis.ec2.transfer.export;

import io.portcullis.config.Config;
import io.portcullis.config.Interface;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.TimeoutSettings;
import io.portcullis.config.edit.Permission;
import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.model.Group;
import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.transfer.Note;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a configuration says and EC2's objects cannot. */
final class Losses {
    /** EC2's ranges of the timeouts that it has, in seconds (security-groups.md section 3). */
    private record Range(int least, int most) {}

    private static final Map<String, Range> TIMEOUTS = timeouts();

    private Losses() {}

    private static Map<String, Range> timeouts() {
        Map<String, Range> ranges = new LinkedHashMap<>();
        ranges.put("tcp-established", new Range(60, 432_000));
        ranges.put("udp-stream", new Range(60, 180));
        ranges.put("udp", new Range(30, 60));
        return ranges;
    }

    /** The timeouts of an interface that EC2 has, in seconds, by the keys of the configuration; those with a default are absent. */
    static Map<String, Long> timeouts(Interface iface) {
        Map<String, Long> seconds = new LinkedHashMap<>();
        TIMEOUTS.forEach((key, range) -> {
            Duration idle = iface.timeouts().get(key);
            boolean isEc2s = idle.equals(Duration.ofSeconds(idle.toSeconds()))
                    && idle.toSeconds() >= range.least()
                    && idle.toSeconds() <= range.most();
            if (isEc2s && !idle.equals(TimeoutSettings.DEFAULT.get(key))) {
                seconds.put(key, idle.toSeconds());
            }
        });
        return seconds;
    }

    /** True: EC2 would admit all ports, as it has none for this protocol. */
    static boolean hasPortsOfItsOwn(Permission permission) {
        return permission.protocol() == IpProtocol.SCTP && permission.ports() != null;
    }

    /** The notes about a whole configuration. */
    static List<Note> of(Cloud cloud) {
        Config config = cloud.config();
        List<Note> notes = new ArrayList<>();
        config.interfaces().values().forEach(iface -> of(iface, notes));
        List<Rule> failsafe = config.failsafe().rules();
        if (!failsafe.isEmpty()) {
            notes.add(new Note(failsafe.getFirst().location(), "failsafe: EC2 has no such rules, left out"));
        }
        config.expectations().stream()
                .findFirst()
                .ifPresent(claim -> notes.add(new Note(claim.location(), "expect: EC2 has no claims, left out")));
        cloud.groups().forEach(group -> of(group, notes));
        cloud.lists().stream()
                .filter(list -> list.isShared() && !list.isV6())
                .map(ManagedList::written)
                .forEach(list -> notes.add(new Note(
                        list.location(), list.name() + ": two lists of EC2's, as one has blocks of one family")));
        return notes;
    }

    private static void of(Interface iface, List<Note> notes) {
        notes.add(new Note(
                iface.location(),
                iface.name() + ": mode, NICs and other settings of the interface have no counterpart, left out"));
        Map<String, Long> kept = timeouts(iface);
        List<String> lost = TimeoutSettings.KEYS.stream()
                .filter(key -> !kept.containsKey(key))
                .filter(key -> !iface.timeouts().get(key).equals(TimeoutSettings.DEFAULT.get(key)))
                .toList();
        if (!lost.isEmpty()) {
            notes.add(new Note(
                    iface.location(),
                    iface.name() + ": timeouts that EC2 has not, or not so long or short, left out: "
                            + String.join(", ", lost)));
        }
    }

    private static void of(Group group, List<Note> notes) {
        SecurityGroup written = group.written();
        if (!written.members().isEmpty()) {
            notes.add(new Note(
                    written.location(),
                    group.name() + ": EC2 knows no members but network interfaces, left out: "
                            + written.members().stream().map(Cidr::toString).collect(Collectors.joining(", "))));
        }
        for (Rule rule : written.rules()) {
            if (rule.protocol() == IpProtocol.SCTP && !rule.ports().isEmpty()) {
                notes.add(new Note(
                        rule.location(), group.name() + ": EC2 has no ports of sctp: it would admit all of them"));
            }
        }
        twice(written, "ingress", written.ingress(), notes);
        List<Rule> egress = written.egress();
        twice(written, "egress", egress == null ? List.of() : egress, notes);
    }

    private static void twice(SecurityGroup group, String direction, List<Rule> rules, List<Note> notes) {
        List<Permission> all =
                rules.stream().flatMap(rule -> Permission.of(rule).stream()).toList();
        long more = all.size() - all.stream().distinct().count();
        if (more > 0) {
            notes.add(new Note(
                    group.location(),
                    group.name() + " " + direction + ": " + more + " of the rules are written twice and come once, with"
                            + " the first description"));
        }
    }
}
