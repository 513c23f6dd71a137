/**
 * How frames get in and out. {@link io.portcullis.port.Port} is one NIC; {@link io.portcullis.port.PortChannel} makes a
 * Netty channel of it, so that a worker's event loop reads batches from one port and writes them to the other.
 * {@code port.ring} is the kernel's packet sockets with memory that it shares with us, {@code port.pcap} goes through
 * libpcap, {@code port.memory} serves tests and replay. {@link io.portcullis.port.Hearing} finds out that a port reads nothing.
 *
 * <p>May import {@code packet}, {@code linux} and Netty. Start reading at {@link io.portcullis.port.Port}, then
 * {@link io.portcullis.port.PortChannel}.
 */
@NullMarked
package io.portcullis.port;

import org.jspecify.annotations.NullMarked;
