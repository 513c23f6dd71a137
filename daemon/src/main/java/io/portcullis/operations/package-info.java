/**
 * The operations of the running daemon: queries ({@link io.portcullis.operations.DaemonQueries}), which change nothing, apart from
 * commands ({@link io.portcullis.operations.DaemonCommands}). Requests and reports are records; the reports are the shapes of the JSON
 * that the control socket sends.
 *
 * <p>May import {@code net}. Start reading at {@code DaemonQueries}.
 */
@NullMarked
package io.portcullis.operations;

import org.jspecify.annotations.NullMarked;
