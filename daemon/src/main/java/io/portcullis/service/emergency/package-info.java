/**
 * Panic and bypass: what an operator orders in place of the rules ({@link io.portcullis.service.emergency.Emergency}), and its files,
 * by which it outlives the daemon.
 *
 * <p>May import {@code operations}, {@code policy}, {@code journal}, {@code linux} and {@code net}. Start reading at {@code Emergency}.
 */
@NullMarked
package io.portcullis.service.emergency;

import org.jspecify.annotations.NullMarked;
