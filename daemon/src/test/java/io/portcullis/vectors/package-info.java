/**
 * The numbered test vectors of the specification, {@code vectors.yaml}: their format, the frames that they name and their run.
 * {@code scripts/test --vectors} runs those of another file.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.vectors;
