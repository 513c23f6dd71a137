/**
 * The metrics for Prometheus: {@link io.portcullis.metrics.Meters} shows the counters of every interface, the outcome of
 * reloads, and the JVM. A scrape reads each number where it is counted; nothing here is on the datapath. {@code Metric} lists all
 * metrics with type, unit, labels and help text; the table of the documents holds the same rows, which a test checks.
 *
 * <p>May import {@code engine}, {@code port}, {@code conntrack} (counters), {@code policy} (rule ids). Start reading at
 * {@code Metric}, then {@code Meters.scrape}.
 */
@NullMarked
package io.portcullis.metrics;

import org.jspecify.annotations.NullMarked;
