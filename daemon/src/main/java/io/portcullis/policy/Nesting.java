package io.portcullis.policy;

import io.portcullis.config.Cidr;
import java.util.Comparator;
import java.util.List;

/** How blocks lie in one another. */
final class Nesting {
    /** By family, first address (unsigned), then outer blocks before inner ones. */
    static final Comparator<Cidr> ORDER = Comparator.comparing(Cidr::isV6)
            .thenComparing((one, other) ->
                    Long.compareUnsigned(one.network().high(), other.network().high()))
            .thenComparing((one, other) ->
                    Long.compareUnsigned(one.network().low(), other.network().low()))
            .thenComparingInt(Cidr::prefixLength);

    private Nesting() {}

    /** Of each block the number of the smallest one around it, or -1; {@code sorted} by {@link #ORDER}, each once. */
    static int[] parents(List<Cidr> sorted) {
        int[] parents = new int[sorted.size()];
        int around = -1;
        for (int i = 0; i < parents.length; i++) {
            while (around >= 0 && !sorted.get(around).encloses(sorted.get(i))) {
                around = parents[around];
            }
            parents[i] = around;
            around = i;
        }
        return parents;
    }
}
