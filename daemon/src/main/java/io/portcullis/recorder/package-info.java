/**
 * The drops of the last minutes, in rings that outlive the process: one file per worker, mapped into memory, with one record for the
 * frames of one second that have source, destination, port and reason in common. {@link io.portcullis.recorder.Recorder} writes, for
 * the worker's thread; {@link io.portcullis.recorder.Recordings} reads, for any other. {@link io.portcullis.recorder.RecordLayout}
 * documents the bytes.
 *
 * <p>Imports {@code engine}, {@code packet}, {@code linux} and {@code net}.
 */
@NullMarked
package io.portcullis.recorder;

import org.jspecify.annotations.NullMarked;
