/**
 * The call of the running daemon from a command, and the exit codes of all commands.
 *
 * <p>May import {@code cli.text} and {@code http} (the client).
 */
@NullMarked
package io.portcullis.cli.daemon;

import org.jspecify.annotations.NullMarked;
