/**
 * Reports as the command line prints them: {@link io.portcullis.cli.text.JsonText} for programs, the others for people.
 *
 * <p>May import {@code cli.terminal}, {@code config}, {@code operations} and {@code net}. Start reading at {@code StatusText}.
 */
@NullMarked
package io.portcullis.cli.text;

import org.jspecify.annotations.NullMarked;
