/**
 * A worker is one event loop with a port on each side and an engine between them. {@link io.portcullis.worker.Round} is its duty
 * cycle: one method names every kind of work, and reads the clock once. {@link io.portcullis.worker.PollingIoHandler} runs round
 * after round and waits when there is no work; {@link io.portcullis.worker.FirewallHandler} is the pipeline of each port;
 * {@link io.portcullis.worker.Worker} owns the loop. Only this package schedules tasks on the loop.
 * An interface has one worker or several, {@link io.portcullis.worker.Workers}, which share nothing; a frame that reached the
 * wrong worker goes through {@link io.portcullis.worker.HandOver}, as a copy in a {@link io.portcullis.worker.HandOverQueue}.
 * {@link io.portcullis.worker.Outcomes} counts defects, and {@code Workers.problems} reports them.
 *
 * <p>May import {@code packet}, {@code policy}, {@code port}, {@code conntrack}, {@code engine}, {@code journal} and Netty. Start reading at {@code Round}.
 */
@NullMarked
package io.portcullis.worker;

import org.jspecify.annotations.NullMarked;
