/**
 * What the daemon can be asked and told, as records and one interface ({@link
 * io.portcullis.operations.DaemonApi}). The records are the shapes of the JSON that the control socket speaks.
 *
 * <p>May import {@code net}. Start reading at {@code DaemonApi}.
 */
@NullMarked
package io.portcullis.operations;

import org.jspecify.annotations.NullMarked;
