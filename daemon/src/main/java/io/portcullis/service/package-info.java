/**
 * The daemon's life: {@link io.portcullis.service.Daemon} starts, reloads and stops everything in the right order;
 * {@link io.portcullis.service.ConfigWatch} sees edited files; {@link io.portcullis.service.Systemd} tells the service
 * manager; {@link io.portcullis.service.Logs} sets up what is written where.
 *
 * <p>May import every room but {@code cli}. Start reading at {@code Daemon.start}.
 */
@NullMarked
package io.portcullis.service;

import org.jspecify.annotations.NullMarked;
