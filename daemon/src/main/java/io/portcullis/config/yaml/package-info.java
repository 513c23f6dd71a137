/**
 * From text to nodes: SnakeYAML's events become a {@link io.portcullis.config.yaml.Document}. {@link
 * io.portcullis.config.yaml.Fields} and {@link io.portcullis.config.yaml.Value} read its maps and scalars. {@link
 * io.portcullis.config.yaml.Diagnostics} collects every error with its location. Long lists of scalars are packed ({@code LongLists}).
 *
 * <p>May import {@code config}, {@code config.files} and {@code net}. Start reading at {@code Document}.
 */
@NullMarked
package io.portcullis.config.yaml;

import org.jspecify.annotations.NullMarked;
