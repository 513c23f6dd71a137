/**
 * Ports over the kernel's packet sockets: {@link io.portcullis.port.ring.RingPort}. Frames are read in
 * memory shared with the kernel and sent from there; super-frames and unfinished checksums cross unchanged.
 *
 * <p>May import {@code packet}, {@code port}, {@code linux} and Netty. Start reading at {@code RingPort}: {@code Ring} receives,
 * {@code Sender} sends, {@code RingNic} watches the NIC, {@code Steering} maps each frame to one of several workers. With a {@code Tap} a
 * port receives on another NIC than its own.
 */
@NullMarked
package io.portcullis.port.ring;

import org.jspecify.annotations.NullMarked;
