/**
 * Flow tables in files: {@link io.portcullis.flowstore.TableSet} opens the tables of an interface, finds the flows
 * of the last run, or moves them where the number of workers or the size has changed.
 *
 * <p>May import {@code conntrack}, {@code packet}, {@code linux} and {@code net}. Start reading at {@code
 * TableSet.open}.
 */
@NullMarked
package io.portcullis.flowstore;

import org.jspecify.annotations.NullMarked;
