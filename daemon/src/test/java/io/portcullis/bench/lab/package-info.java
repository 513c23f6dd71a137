/**
 * The laboratory of {@code scripts/bench}: its options, its folders, the processes and network namespaces of a run, and the programs
 * that several measurements start in them. Needs nothing but the JDK. Imports {@code bench.figures}.
 */
@NullMarked
package io.portcullis.bench.lab;

import org.jspecify.annotations.NullMarked;
