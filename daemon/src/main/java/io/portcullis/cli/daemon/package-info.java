/**
 * The call of the running daemon from a command, and the exit codes of all commands.
 *
 * <p>May import {@code cli.text}, {@code cli.terminal}, {@code http} (the client) and {@code net}.
 */
@NullMarked
package io.portcullis.cli.daemon;

import org.jspecify.annotations.NullMarked;
