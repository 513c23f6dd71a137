/**
 * Rule hits in files. {@link io.portcullis.hits.file.HitStore} opens the table of an interface as {@link
 * io.portcullis.hits.file.KeptHits}, which has two copies of the same numbers:
 *
 * <ul>
 *   <li>The table itself, mapped files in {@code hits} of the run directory. The workers count there, so nothing is lost by {@code kill -9}. It
 *       is a tmpfs: a worker never waits for a disk, and a reboot empties it.
 *   <li>A copy of all records in {@code hits} of the state directory ({@link io.portcullis.hits.file.HitFile}): written each minute if something
 *       has changed, and at a stop, which deletes the mapped files then. Power loss costs the last minute. After a
 *       crash the mapped files stay, also where {@code portcullis detach} runs: the next start needs them.
 * </ul>
 *
 * <p>A start joins both: of a rule in both, the larger count is the later one, as the counts of both are absolute and never become fewer.
 * So it does not matter between which two steps the last run ended, and nothing is counted twice. A file that is damaged or not
 * ours is put aside, with a line in the log; rules that only it knew are counted from now on, and their {@code since} says so.
 *
 * <p>May import {@code hits}, {@code linux} and {@code net}. Start reading at {@code HitStore.open}.
 */
@NullMarked
package io.portcullis.hits.file;

import org.jspecify.annotations.NullMarked;
