/**
 * A worker is one event loop with a port on each side and an engine between them: {@link io.portcullis.worker.Worker}
 * owns them and is the only one to schedule work on the loop (expiry, drop samples, policy swaps).
 * {@link io.portcullis.worker.FirewallHandler} is the whole pipeline; {@link io.portcullis.worker.PollingIoHandler} says when it
 * runs. An interface has one worker or several, {@link io.portcullis.worker.Workers}, that share nothing; what one gets of
 * another's goes through {@link io.portcullis.worker.HandOver}, as a copy in a {@link
 * io.portcullis.worker.HandOverQueue}. {@link io.portcullis.worker.Outcomes} counts what should
 * never happen, and {@code Workers.problems} tells people. The clock is read here, once a batch and once a round.
 *
 * <p>May import {@code packet}, {@code policy}, {@code port}, {@code engine} and Netty. Start reading at {@code Worker}.
 */
@NullMarked
package io.portcullis.worker;

import org.jspecify.annotations.NullMarked;
