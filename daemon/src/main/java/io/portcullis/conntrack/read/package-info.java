/**
 * Flows as another thread than the table's sees them: the table's worker neither waits nor does anything for it. Start reading at
 * {@link io.portcullis.conntrack.read.FlowReader}.
 *
 * <p>May import {@code conntrack}, {@code packet} and {@code net}.
 */
@NullMarked
package io.portcullis.conntrack.read;

import org.jspecify.annotations.NullMarked;
