/**
 * The daemon's life: {@link io.portcullis.service.Daemon} starts, reloads and stops everything in the right order. {@code Startup} finds
 * the configuration, or the last good one ({@code LastGood}); {@code Guarding} puts interfaces under guard one by one ({@code
 * GuardedInterface}) and shuts what can't be ({@code Waiting}); {@code Reload} makes a change ready; {@code Running} is all that is
 * true at one moment, {@code StatusView} shows it. {@code Keeper} and {@code Alive} look after programs and threads, {@code Servers}
 * keeps the listeners open, {@code Edits} sees edited files ({@code ConfigWatch}, {@code WatchPlan}), {@link
 * io.portcullis.service.Logs} writes without waiting.
 *
 * <p>May import every room but {@code cli}. Start reading at {@code Daemon.start}.
 */
@NullMarked
package io.portcullis.service;

import org.jspecify.annotations.NullMarked;
