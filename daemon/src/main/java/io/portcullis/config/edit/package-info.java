/**
 * Changes of a configuration's text: {@link io.portcullis.config.edit.Editor} puts an {@link io.portcullis.config.edit.Edit} into the
 * files that hold it and leaves every other byte as it is. No file is written here: the result is an {@link
 * io.portcullis.config.edit.Outcome} with the new texts, or with the reason why there are none.
 *
 * <p>Each edit is made twice: in the records ({@code Model}) and in the text ({@code TextEditor}). The new texts are then read by the
 * real reader, and must give those records. {@code Words} and {@code Fresh} write YAML for other packages, too.
 *
 * <p>May import {@code config}, {@code config.files}, {@code config.read}, {@code config.yaml} and {@code net}. Start reading at
 * {@code Editor.apply}.
 */
@NullMarked
package io.portcullis.config.edit;

import org.jspecify.annotations.NullMarked;
