package io.portcullis.bench.comparison;

import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The samples, in the order in which each measure was first taken. */
public final class Samples {
    /** One measure of a row. */
    record Key(Placement placement, Row row, String measure) {}

    private final Map<Key, List<Double>> values = new LinkedHashMap<>();

    void note(Key key, double value) {
        values.computeIfAbsent(key, each -> new ArrayList<>()).add(value);
    }

    /** Its samples; none if it was not measured. */
    List<Double> of(Key key) {
        return values.getOrDefault(key, List.of());
    }

    Set<Key> keys() {
        return values.keySet();
    }

    boolean has(Placement placement) {
        return keys().stream().anyMatch(key -> key.placement == placement);
    }
}
