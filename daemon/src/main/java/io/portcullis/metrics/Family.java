package io.portcullis.metrics;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.List;

/** The metrics of one name while a scrape gathers them. */
final class Family {
    private final MetricMetadata metadata;
    private final String[] labelNames;
    private final List<Labels> labels = new ArrayList<>();
    private final List<Long> values = new ArrayList<>();

    /** @param name of a counter: without the {@code _total} that the text format appends */
    Family(String name, String description, String... labelNames) {
        this.metadata = new MetricMetadata(name, description);
        this.labelNames = labelNames;
    }

    void add(long value, String... labelValues) {
        labels.add(Labels.of(labelNames, labelValues));
        values.add(value);
    }

    MetricSnapshot counter() {
        List<CounterDataPointSnapshot> points = new ArrayList<>(values.size());
        for (int i = 0; i < values.size(); i++) {
            points.add(new CounterDataPointSnapshot(values.get(i), labels.get(i), null, 0));
        }
        return new CounterSnapshot(metadata, points);
    }

    MetricSnapshot gauge() {
        List<GaugeDataPointSnapshot> points = new ArrayList<>(values.size());
        for (int i = 0; i < values.size(); i++) {
            points.add(new GaugeDataPointSnapshot(values.get(i), labels.get(i), null));
        }
        return new GaugeSnapshot(metadata, points);
    }
}
