/**
 * Index structures over the numbers of entries, in the heap: {@link io.portcullis.conntrack.index.FlowIndex} finds an entry by the
 * hash of its key, {@link io.portcullis.conntrack.index.BitTree} the first of a set of numbers. They know no flow and no memory of
 * a table.
 *
 * <p>Imports nothing.
 */
@NullMarked
package io.portcullis.conntrack.index;

import org.jspecify.annotations.NullMarked;
