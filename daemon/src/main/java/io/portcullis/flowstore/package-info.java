/**
 * Flow tables in files. {@link io.portcullis.flowstore.TableSet} holds the tables of an interface.
 * {@link io.portcullis.flowstore.TableOpening} opens them with the flows of the last run, and
 * {@link io.portcullis.flowstore.TableMove} copies the flows if the number of workers or the size has changed.
 * {@link io.portcullis.flowstore.TableFolder} names the files. The format is {@code TableHeader} and {@code FlowLayout} of
 * {@code conntrack}.
 *
 * <p>May import {@code conntrack}, {@code packet}, {@code linux} and {@code net}. Start reading at {@code
 * TableSet.open}.
 */
@NullMarked
package io.portcullis.flowstore;

import org.jspecify.annotations.NullMarked;
