/**
 * From nodes to records: {@link io.portcullis.config.read.ConfigReader} reads a file and its includes into a whole
 * {@link io.portcullis.config.Config}, or throws all errors. {@link io.portcullis.config.read.PartialConfigReader} reads
 * the valid parts of an invalid file.
 *
 * <p>May import {@code config}, {@code config.files}, {@code config.yaml}, {@code config.lint} and {@code net}. Start reading at {@code
 * ConfigReader.load}.
 */
@NullMarked
package io.portcullis.config.read;

import org.jspecify.annotations.NullMarked;
