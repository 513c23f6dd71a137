/**
 * Rule hits with a memory: how many packets each rule and each entry of a network ACL was credited with, when the last one came, and since
 * when that is counted.
 *
 * <p>Each interface has a {@link io.portcullis.hits.HitTable}. A rule has a slot there, found by its {@link io.portcullis.hits.RuleKey}: a
 * hash of its list and its text. The slot stays the same over reloads, so a reload copies no count, and no count reaches another
 * rule. In a slot each worker has a cell of its own, which it alone writes ({@link io.portcullis.hits.RuleHits}); a reader adds the
 * cells.
 *
 * <p>The memory of a table may be a mapped file ({@code hits.file}). Every count is in that file at once, so {@code kill -9} loses none. A
 * table is absolute: it has all hits since {@code since}, not those since a start. So there is nothing to add up after a crash, and
 * nothing can be counted twice.
 *
 * <p>May import {@code policy} and {@code net}. Start reading at {@code HitTable.prepare} and {@code RuleHits.count}.
 */
@NullMarked
package io.portcullis.hits;

import org.jspecify.annotations.NullMarked;
