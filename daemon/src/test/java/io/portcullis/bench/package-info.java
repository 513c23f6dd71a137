/**
 * Benchmarks of the engine, the flow table and the rules, most of them for JMH, and the simple tracker that they compare with.
 * {@code scripts/bench} starts them; no test asserts their figures.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.bench;
