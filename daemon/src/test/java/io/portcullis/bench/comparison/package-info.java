/**
 * The firewall beside what else forwards frames, or beside a spinning program: one device for each row, the scenarios that measure
 * it, and the report. Imports {@code bench.lab} and {@code bench.figures}.
 */
@NullMarked
package io.portcullis.bench.comparison;

import org.jspecify.annotations.NullMarked;
