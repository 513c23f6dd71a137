/**
 * Structures over the numbers of entries: {@link io.portcullis.conntrack.index.FlowIndex} finds an entry by the hash of its key,
 * {@link io.portcullis.conntrack.index.BitTree} the first of a set of numbers. {@link io.portcullis.conntrack.index.Links} has
 * words of each entry for {@link io.portcullis.conntrack.index.EntryPool}, {@link io.portcullis.conntrack.index.TimerWheel} and
 * {@link io.portcullis.conntrack.index.RuleAnswers}. They know no flow and no memory of a table.
 *
 * <p>Imports nothing.
 */
@NullMarked
package io.portcullis.conntrack.index;

import org.jspecify.annotations.NullMarked;
