/**
 * The files of a configuration, as text and as fingerprints: {@link io.portcullis.config.files.SourceFiles} holds the texts
 * that were read and a {@link io.portcullis.config.files.FileSnapshot}, which a watcher compares with the file system.
 *
 * <p>Imports no other package. Start reading at {@code FileSnapshot}.
 */
@NullMarked
package io.portcullis.config.files;

import org.jspecify.annotations.NullMarked;
