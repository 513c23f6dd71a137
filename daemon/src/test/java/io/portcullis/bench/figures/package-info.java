/**
 * Figures of {@code scripts/bench}: what is read out of scrapes and of perf's samples, medians and quantiles, and numbers as text.
 * Imports no package of this project.
 */
@NullMarked
package io.portcullis.bench.figures;

import org.jspecify.annotations.NullMarked;
