/**
 * Ports over the kernel's packet sockets: {@link io.portcullis.port.ring.RingPort}. Frames are read where the kernel put
 * them and sent from there; super-frames and unfinished checksums cross as they are.
 *
 * <p>May import {@code packet}, {@code port}, {@code linux} and Netty. Start reading at {@code RingPort}; {@code Ring} is
 * one opened NIC's frames; {@code Steering} says which of several workers a frame goes to.
 */
@NullMarked
package io.portcullis.port.ring;

import org.jspecify.annotations.NullMarked;
