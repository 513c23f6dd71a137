package io.portcullis.config;

import java.util.List;
import java.util.stream.Stream;

/**
 * Rules of every interface that are matched before all others.
 *
 * @param ingress empty: none
 * @param egress empty: none
 */
public record Failsafe(List<Rule> ingress, List<Rule> egress) {
    /** No rules. */
    public static final Failsafe NONE = new Failsafe(List.of(), List.of());

    public Failsafe {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    /** The rules of both directions. */
    public List<Rule> rules() {
        return Stream.concat(ingress.stream(), egress.stream()).toList();
    }
}
