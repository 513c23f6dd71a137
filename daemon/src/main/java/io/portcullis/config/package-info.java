/**
 * The configuration as immutable records: {@link io.portcullis.config.Config} is a whole, valid one. {@link
 * io.portcullis.config.ConfigException} carries all errors of an invalid one, each with {@code file:line:column} and a correction.
 * {@code config.read} makes these records.
 *
 * <p>May import {@code net}. Start reading at {@code Config}.
 */
@NullMarked
package io.portcullis.config;

import org.jspecify.annotations.NullMarked;
