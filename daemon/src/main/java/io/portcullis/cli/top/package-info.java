/**
 * {@code portcullis top}: rates, talkers, drops and flows on the screen of a terminal. {@link io.portcullis.cli.top.Top} is the state: it takes
 * answers of the daemon and keys, and gives lines of text, without a terminal and without a clock.
 *
 * <p>May import {@code cli.daemon}, {@code cli.terminal}, {@code cli.text}, {@code cli.traffic}, {@code operations}, {@code
 * operations.traffic}, {@code http} (the client) and {@code net}. Start reading at {@code TopCommand}.
 */
@NullMarked
package io.portcullis.cli.top;

import org.jspecify.annotations.NullMarked;
