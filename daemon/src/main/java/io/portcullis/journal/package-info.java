/**
 * What log lines are about, as the fields of systemd's journal, and the journal's native protocol. Code that logs adds an {@link
 * io.portcullis.journal.Event} and fields to the SLF4J event as key-value pairs; the text of the line does not change.
 *
 * <p>May import {@code linux}. Start reading at {@code Event}.
 */
@NullMarked
package io.portcullis.journal;

import org.jspecify.annotations.NullMarked;
