package io.portcullis.policy.analysis;

import java.util.ArrayList;
import java.util.List;

/**
 * A {@link Difference} as text, one line for each kind of traffic.
 *
 * @param notes effects that are not traffic of rules
 * @param admits traffic that becomes allowed: {@code web0 ingress: tcp 80 from any}
 * @param denies traffic that becomes denied
 * @param compared false: nothing was compared, and the notes say why
 */
public record DifferenceText(List<String> notes, List<String> admits, List<String> denies, boolean compared) {
    /** Copies the lists. */
    public DifferenceText {
        notes = List.copyOf(notes);
        admits = List.copyOf(admits);
        denies = List.copyOf(denies);
    }

    /** What is said where nothing was compared. */
    public static DifferenceText notCompared(String... why) {
        return new DifferenceText(List.of(why), List.of(), List.of(), false);
    }

    /** The changes of all interfaces. */
    public static DifferenceText of(List<Difference.Change> changes) {
        List<String> notes = new ArrayList<>();
        List<String> admits = new ArrayList<>();
        List<String> denies = new ArrayList<>();
        for (Difference.Change change : changes) {
            String name = change.interfaceName();
            if (!change.note().isEmpty()) {
                notes.add(name + ": " + change.note());
            }
            add(name + " ingress: ", " from ", change.ingress(), admits, denies);
            add(name + " egress: ", " to ", change.egress(), admits, denies);
        }
        return new DifferenceText(notes, admits, denies, true);
    }

    private static void add(
            String where, String peer, Difference.DirectionChange way, List<String> admits, List<String> denies) {
        way.allowed().forEach(traffic -> admits.add(where + text(traffic, peer)));
        way.denied().forEach(traffic -> denies.add(where + text(traffic, peer)));
        String acl = " (network ACL, replies too)";
        way.aclAllowed().forEach(traffic -> admits.add(where + text(traffic, peer) + acl));
        way.aclDenied().forEach(traffic -> denies.add(where + text(traffic, peer) + acl));
    }

    private static String text(Difference.Traffic traffic, String peer) {
        return traffic.protocol()
                + (traffic.selectors().isEmpty() ? "" : " " + traffic.selectors())
                + (traffic.peers().isEmpty() ? "" : peer + String.join(", ", traffic.peers()));
    }
}
