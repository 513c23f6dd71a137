package io.portcullis.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.List;

/** The samples of one counter, gauge or info, gathered during a scrape. */
final class Family {
    private final Metric metric;
    private final String[] labelNames;
    private final List<Labels> labels = new ArrayList<>();
    private final List<Long> values = new ArrayList<>();

    Family(Metric metric) {
        this.metric = metric;
        this.labelNames = metric.labels().stream().map(Label::key).toArray(String[]::new);
    }

    /** One sample; the label values in the order of {@link Metric#labels}. */
    void add(long value, String... labelValues) {
        labels.add(Labels.of(labelNames, labelValues));
        values.add(value);
    }

    /** All samples so far. */
    MetricSnapshot snapshot() {
        return switch (metric.type()) {
            case COUNTER -> counter();
            case GAUGE -> gauge();
            case INFO ->
                new InfoSnapshot(
                        metadata(),
                        labels.stream().map(InfoDataPointSnapshot::new).toList());
            case HISTOGRAM, SUMMARY -> throw new IllegalStateException(metric + " has more than one value a sample");
        };
    }

    private MetricMetadata metadata() {
        return new MetricMetadata(metric.base(), metric.help());
    }

    private MetricSnapshot counter() {
        List<CounterDataPointSnapshot> points = new ArrayList<>(values.size());
        for (int i = 0; i < values.size(); i++) {
            points.add(new CounterDataPointSnapshot(values.get(i), labels.get(i), null, 0));
        }
        return new CounterSnapshot(metadata(), points);
    }

    private MetricSnapshot gauge() {
        List<GaugeDataPointSnapshot> points = new ArrayList<>(values.size());
        for (int i = 0; i < values.size(); i++) {
            points.add(new GaugeDataPointSnapshot(values.get(i), labels.get(i), null));
        }
        return new GaugeSnapshot(metadata(), points);
    }
}
