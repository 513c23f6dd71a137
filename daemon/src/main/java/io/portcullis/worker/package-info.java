/**
 * A worker is one event loop with a port on each side and an engine between them: {@link io.portcullis.worker.Worker}
 * owns them and is the only one to schedule work on the loop (expiry, drop samples, policy swaps).
 * {@link io.portcullis.worker.FirewallHandler} is the whole pipeline. The clock is read here, once a batch.
 *
 * <p>May import {@code packet}, {@code policy}, {@code port}, {@code engine} and Netty. Start reading at {@code Worker}.
 */
@NullMarked
package io.portcullis.worker;

import org.jspecify.annotations.NullMarked;
