/**
 * The screen of a terminal: what is drawn, how wide it is, and which keys are pressed. {@link io.portcullis.cli.terminal.Screen} alone
 * knows JLine's terminal and the control sequences; the rest is text and is tested without a terminal.
 *
 * <p>May import JLine alone.
 */
@NullMarked
package io.portcullis.cli.terminal;

import org.jspecify.annotations.NullMarked;
