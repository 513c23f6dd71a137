/**
 * Configurations that were accepted: {@link io.portcullis.history.LastGood} keeps the last one.
 *
 * <p>May import {@code config}, {@code linux} and {@code net}. Start reading at {@code LastGood}.
 */
@NullMarked
package io.portcullis.history;

import org.jspecify.annotations.NullMarked;
