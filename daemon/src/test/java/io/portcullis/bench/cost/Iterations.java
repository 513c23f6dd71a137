package io.portcullis.bench.cost;

import io.portcullis.bench.figures.Failure;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The single iterations of benchmarks with a parameter {@code flows}, out of what JMH prints; its CSV has only their mean. */
final class Iterations {
    private final Map<String, List<Double>> values = new HashMap<>();

    Iterations(String log) {
        String name = "";
        String flows = "";
        for (String line : log.lines().toList()) {
            if (line.startsWith("# Benchmark: ")) {
                name = line.substring(line.lastIndexOf('.') + 1);
            } else if (line.startsWith("# Parameters: ")) {
                flows = line.replaceAll("[^0-9]", "");
            } else if (line.startsWith("Iteration ")) {
                String value = line.substring(line.indexOf(": ") + 2).split(" ", 2)[0];
                values.computeIfAbsent(name + " " + flows, key -> new ArrayList<>())
                        .add(Double.parseDouble(value));
            }
        }
    }

    List<Double> of(String name, String flows) {
        List<Double> found = values.get(name + " " + flows);
        if (found == null) {
            throw new Failure("JMH printed no iteration of " + name + " with " + flows + " flows");
        }
        return found;
    }
}
