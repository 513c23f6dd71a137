/**
 * Packet sockets (packet(7)) with their rings in shared memory, and the classic BPF programs that filter and spread received
 * frames.
 *
 * <p>May import {@code linux}, {@code linux.netlink} and {@code net}. Start reading at {@link
 * io.portcullis.linux.packet.PacketSocket}.
 */
@NullMarked
package io.portcullis.linux.packet;

import org.jspecify.annotations.NullMarked;
