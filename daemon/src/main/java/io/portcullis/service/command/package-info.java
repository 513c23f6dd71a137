/**
 * What commands of the command line do in their own process, without a running daemon: {@link
 * io.portcullis.service.command.Foreground} runs one, {@link io.portcullis.service.command.Detach} restores NICs, {@link
 * io.portcullis.service.command.Rehearsal} starts and stops one for the installer.
 *
 * <p>May import what {@code service} may. Start reading at {@code Foreground}.
 */
@NullMarked
package io.portcullis.service.command;

import org.jspecify.annotations.NullMarked;
