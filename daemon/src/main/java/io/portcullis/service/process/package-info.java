/**
 * The daemon as a process: its log ({@link io.portcullis.service.process.Logs}), signals, systemd, version, uncaught exceptions, garbage
 * of large configurations.
 *
 * <p>May import {@code config}, {@code config.files}, {@code journal}, {@code linux}, {@code operations} and {@code net}. Start reading at {@code Logs}.
 */
@NullMarked
package io.portcullis.service.process;

import org.jspecify.annotations.NullMarked;
