package io.portcullis.bench.figures;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Samples by a name. */
public final class Series {
    private final Map<String, List<Double>> values = new HashMap<>();

    public void note(String name, double value) {
        values.computeIfAbsent(name, each -> new ArrayList<>()).add(value);
    }

    public List<Double> of(String name) {
        return values.getOrDefault(name, List.of());
    }

    public double median(String name) {
        return Numbers.median(of(name));
    }

    /** The median of one, divided by that of another. */
    public double ratio(String name, String base) {
        return median(name) / median(base);
    }

    /** The median as text, with the least and the most. */
    public String spread(String name) {
        return Numbers.format(
                "%s (%s-%s)",
                Numbers.general(median(name)),
                Numbers.general(Numbers.lowest(of(name))),
                Numbers.general(Numbers.highest(of(name))));
    }
}
