/**
 * What Prometheus reads: {@link io.portcullis.metrics.Meters} shows the counters of every interface, the outcome of
 * reloads and the JVM. Numbers are read where they are counted, at the scrape; nothing here is on the datapath.
 *
 * <p>May import {@code engine}, {@code port}, {@code conntrack}, {@code policy} (rule ids). Start reading at
 * {@code Meters.scrape}.
 */
@NullMarked
package io.portcullis.metrics;

import org.jspecify.annotations.NullMarked;
