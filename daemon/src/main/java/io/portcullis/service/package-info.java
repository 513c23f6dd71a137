/**
 * The daemon's life cycle: {@link io.portcullis.service.Daemon} starts and stops everything in the right order. Its state is one
 * immutable {@code Running}; {@code StatusView} shows it. {@code Startup} finds the configuration, or the last good one. {@code
 * FileReloads} reads the files when they change; {@code Reload} prepares a {@code Change} and commits it; {@code Restarts} lists the
 * settings that no reload can change. {@code Changes} makes what an operator asks for: {@code Planner} says what a change would do
 * ({@code Plan}, {@code StandingFlows}), {@code Installer} puts it in force, {@code Confirmation} takes it back unless it is confirmed,
 * or as soon as {@code SessionWatch} finds the operator's ssh session cut off. {@code Hotplug} follows NICs and addresses; {@code Interfaces} opens interfaces one by one and
 * shuts those that can't be guarded ({@code PendingInterface}). {@code Watchdog} asks whether the threads work, {@code Servers} keeps
 * the listeners open, {@link io.portcullis.service.process.Logs} writes without waiting.
 *
 * <p>May import every package but {@code cli}. Start reading at {@code Daemon.start}, then {@code FileReloads.reload}.
 */
@NullMarked
package io.portcullis.service;

import org.jspecify.annotations.NullMarked;
