/**
 * The cost of one thing at a time: a guarded host, the number of rules, reloads, the number of flows. JMH runs in a JVM of its own.
 * Imports {@code bench.lab} and {@code bench.figures}.
 */
@NullMarked
package io.portcullis.bench.cost;

import org.jspecify.annotations.NullMarked;
