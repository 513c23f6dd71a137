package io.portcullis.config;

import io.portcullis.net.Cidr;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rules that allow, and addresses for rules that refer to the group.
 *
 * @param description may be empty
 * @param ingress empty: no new ingress flows
 * @param egress empty: no new egress flows; null (the key is absent): one implied rule allows all egress
 * @param members addresses in addition to those of the interfaces that carry the group
 * @param id of EC2, {@code sg-} and 8 or 17 hexadecimal digits; null: derived from the name
 * @param log which packets of its interfaces it wants in the log
 */
public record SecurityGroup(
        String name,
        String description,
        List<Rule> ingress,
        @Nullable List<Rule> egress,
        List<Cidr> members,
        @Nullable String id,
        Logged log,
        Location location) {
    /** Which packets of its interfaces a group wants in the log. */
    public enum Logged {
        NONE,
        /** Packets that no rule admits: the default. */
        DENIED,
        /** First packets of flows that a rule of this group admits. */
        ACCEPTED,
        /** Both. */
        ALL;

        /** True: it wants packets that no rule admits. */
        public boolean denied() {
            return this == DENIED || this == ALL;
        }

        /** True: it wants the first packets of flows that its rules admit. */
        public boolean accepted() {
            return this == ACCEPTED || this == ALL;
        }
    }

    public SecurityGroup {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a group without a name");
        }
        ingress = List.copyOf(ingress);
        egress = egress == null ? null : List.copyOf(egress);
        members = List.copyOf(members);
    }

    /** The rules of both directions as in the file: ingress, then egress, without the implied one. */
    public List<Rule> rules() {
        return egress == null
                ? ingress
                : Stream.concat(ingress.stream(), egress.stream()).toList();
    }
}
