/**
 * Benchmarks of the engine, the flow table and the rules, most of them for JMH, and the simple tracker that they compare with. No
 * test asserts their figures. {@link io.portcullis.bench.Bench} is the program behind {@code scripts/bench}: it starts the
 * benchmarks, {@code bench.comparison} and {@code bench.cost}. It needs nothing but the JDK, so that it runs from the test classes
 * alone.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.bench;
