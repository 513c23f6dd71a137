package io.portcullis.config;

import io.portcullis.net.Cidr;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rules that allow, and the addresses that the group's name stands for in the rules of others.
 *
 * @param description empty where none was given
 * @param ingress empty: nothing new comes in
 * @param egress empty: nothing new leaves; null (the key is absent): everything may leave, by one implied rule
 * @param members addresses besides those of the interfaces that carry the group
 */
public record SecurityGroup(
        String name,
        String description,
        List<Rule> ingress,
        @Nullable List<Rule> egress,
        List<Cidr> members,
        Location location) {
    public SecurityGroup {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a group without a name");
        }
        ingress = List.copyOf(ingress);
        egress = egress == null ? null : List.copyOf(egress);
        members = List.copyOf(members);
    }

    /** The rules of both directions as they are in the file: ingress, then egress, without the implied one. */
    public List<Rule> rules() {
        return egress == null
                ? ingress
                : Stream.concat(ingress.stream(), egress.stream()).toList();
    }
}
