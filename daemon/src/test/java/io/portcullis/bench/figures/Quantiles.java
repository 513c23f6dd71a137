package io.portcullis.bench.figures;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Quantiles of a Prometheus histogram, in microseconds: each is the upper bound of the bucket that it falls in, infinite in the
 * one without a bound.
 */
public record Quantiles(double p50, double p99, double p999, double max, double samples) {
    private static final Pattern BOUND = Pattern.compile("le=\"([^\"]*)\"");

    /**
     * The quantiles of the difference between the scrapes after and before, over all series of the metric whose labels contain
     * that text. Throws {@link Failure} if there is none.
     */
    public static Quantiles of(String metric, String labels, List<String> before, List<String> after) {
        Map<Double, Double> upTo = new TreeMap<>(Comparator.naturalOrder());
        before.forEach(scrape -> add(upTo, scrape, metric, labels, -1));
        after.forEach(scrape -> add(upTo, scrape, metric, labels, 1));
        if (upTo.isEmpty()) {
            throw new Failure("no histogram " + metric + " to take quantiles of");
        }
        return new Quantiles(
                quantile(upTo, 0.5), quantile(upTo, 0.99), quantile(upTo, 0.999), quantile(upTo, 1), last(upTo));
    }

    private static void add(Map<Double, Double> upTo, String scrape, String metric, String labels, int sign) {
        scrape.lines().filter(line -> line.startsWith(metric + "_bucket{")).forEach(line -> {
            int end = line.lastIndexOf(' ');
            Matcher bound = BOUND.matcher(line);
            if (line.substring(0, end).contains(labels) && bound.find()) {
                double key =
                        bound.group(1).equals("+Inf") ? Double.POSITIVE_INFINITY : Double.parseDouble(bound.group(1));
                upTo.merge(key, sign * Double.parseDouble(line.substring(end + 1)), Double::sum);
            }
        });
    }

    private static double quantile(Map<Double, Double> upTo, double part) {
        double samples = last(upTo);
        return upTo.entrySet().stream()
                        .filter(bucket -> bucket.getValue() >= part * samples)
                        .findFirst()
                        .map(Map.Entry::getKey)
                        .orElse(Double.POSITIVE_INFINITY)
                * 1e6;
    }

    private static double last(Map<Double, Double> upTo) {
        return upTo.values().stream().reduce(0.0, (first, second) -> second);
    }

    /** The line of a table, with that name. */
    public String row(String name) {
        return Numbers.format(
                "   %-16s%12s%12s%12s%12s%14.0f", name, text(p50), text(p99), text(p999), text(max), samples);
    }

    private static String text(double microseconds) {
        return Double.isInfinite(microseconds) ? "inf" : Numbers.format("%.3f", microseconds);
    }

    /** The fields of an object. JSON has no infinity. */
    public String json() {
        return Numbers.format(
                "{\"p50_us\": %s, \"p99_us\": %s, \"p999_us\": %s, \"max_us\": %s, \"samples\": %.0f}",
                orNull(p50), orNull(p99), orNull(p999), orNull(max), samples);
    }

    private static String orNull(double microseconds) {
        return Double.isInfinite(microseconds) ? "null" : text(microseconds);
    }
}
