/**
 * Warnings about valid configurations: {@link io.portcullis.config.lint.Lint} lists the probable mistakes.
 *
 * <p>May import {@code config} and {@code net}. Start reading at {@code Lint}.
 */
@NullMarked
package io.portcullis.config.lint;

import org.jspecify.annotations.NullMarked;
