/**
 * Configurations that were accepted: {@link io.portcullis.history.LastGood} keeps the last one whole.
 *
 * <p>May import {@code config}, {@code operations}, {@code linux} and {@code net}. Start reading at {@code
 * LastGood}.
 */
@NullMarked
package io.portcullis.history;

import org.jspecify.annotations.NullMarked;
