/**
 * {@code scripts/bench}: measures the firewall beside what else forwards frames, in network namespaces of its own. Needs nothing but
 * the JDK, so that it runs from the test classes alone. {@link io.portcullis.bench.lab.Bench} begins it.
 */
@NullMarked
package io.portcullis.bench.lab;

import org.jspecify.annotations.NullMarked;
