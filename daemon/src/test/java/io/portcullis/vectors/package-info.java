/**
 * The specification as data: its numbered test vectors, {@code vectors.yaml} (their format, the frames that they name and their
 * run), and its tables of addresses and link traffic. {@code scripts/test --vectors} runs the vectors of another file.
 */
@org.jspecify.annotations.NullMarked
package io.portcullis.vectors;
