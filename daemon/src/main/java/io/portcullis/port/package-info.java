/**
 * Receiving and sending frames. {@link io.portcullis.port.Port} is one NIC; {@link io.portcullis.port.PortChannel} makes a
 * Netty channel of it, so that a worker's event loop reads batches from one port and writes them to the other.
 * {@code port.ring} uses the kernel's packet sockets with shared memory, {@code port.pcap} uses libpcap, {@code port.memory}
 * serves tests and replay. {@link io.portcullis.port.DeafnessDetector} finds a port that receives nothing.
 *
 * <p>May import {@code packet}, {@code linux} and Netty. Start reading at {@link io.portcullis.port.Port}, then
 * {@link io.portcullis.port.PortChannel}.
 */
@NullMarked
package io.portcullis.port;

import org.jspecify.annotations.NullMarked;
