/**
 * Warnings: what is valid and hardly meant. {@link io.portcullis.config.lint.Lint} lists them.
 *
 * <p>May import {@code config} and {@code net}. Start reading at {@code Lint}.
 */
@NullMarked
package io.portcullis.config.lint;

import org.jspecify.annotations.NullMarked;
