package io.portcullis.metrics;

import io.portcullis.engine.Histogram;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import java.util.ArrayList;
import java.util.List;

/** The samples of one histogram, gathered during a scrape. */
final class HistogramFamily {
    private final Metric metric;
    private final double perUnit;
    private final String[] labelNames;
    private final List<HistogramDataPointSnapshot> points = new ArrayList<>();

    /**
     * No sample yet.
     *
     * @param perUnit what is counted as 1: numbers of nanoseconds are shown as seconds by 1e9
     */
    HistogramFamily(Metric metric, double perUnit) {
        this.metric = metric;
        this.perUnit = perUnit;
        this.labelNames = metric.labels().stream().map(Label::key).toArray(String[]::new);
    }

    /**
     * The sum of histograms as one sample; nothing where there is none.
     *
     * @param all of the same bounds
     * @param labelValues in the order of {@link Metric#labels}
     */
    void add(List<Histogram> all, String... labelValues) {
        if (all.isEmpty()) {
            return;
        }
        long[] bounds = all.getFirst().bounds();
        long[] counts = new long[bounds.length + 1];
        long sum = 0;
        for (Histogram one : all) {
            long[] more = one.counts();
            for (int i = 0; i < counts.length; i++) {
                counts[i] += more[i];
            }
            sum += one.sum();
        }
        ClassicHistogramBuckets.Builder buckets = ClassicHistogramBuckets.builder();
        for (int i = 0; i < counts.length; i++) {
            buckets.bucket(i < bounds.length ? bounds[i] / perUnit : Double.POSITIVE_INFINITY, counts[i]);
        }
        points.add(new HistogramDataPointSnapshot(
                buckets.build(), sum / perUnit, Labels.of(labelNames, labelValues), Exemplars.EMPTY, 0));
    }

    /** All samples so far. */
    HistogramSnapshot snapshot() {
        return new HistogramSnapshot(new MetricMetadata(metric.base(), metric.help()), points);
    }
}
