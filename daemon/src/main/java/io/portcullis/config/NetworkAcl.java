package io.portcullis.config;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Numbered entries that are matched against every packet of an interface, regardless of flows. A packet that no entry matches is denied.
 *
 * @param ingress in the order of their numbers
 * @param egress in the order of their numbers
 * @param id of EC2, {@code acl-} and 8 or 17 hexadecimal digits; null: derived from the name
 */
public record NetworkAcl(
        String name,
        List<AclEntry> ingress,
        List<AclEntry> egress,
        @Nullable String id,
        Location location) {
    public NetworkAcl {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a network ACL without a name");
        }
        ingress = inOrder(ingress);
        egress = inOrder(egress);
    }

    /** The packets that the entries of both directions match. */
    public List<Rule> rules() {
        return Stream.concat(ingress.stream(), egress.stream())
                .map(AclEntry::packets)
                .toList();
    }

    private static List<AclEntry> inOrder(List<AclEntry> entries) {
        return entries.stream()
                .sorted(Comparator.comparingInt(AclEntry::number))
                .toList();
    }
}
