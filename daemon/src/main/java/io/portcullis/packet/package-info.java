/**
 * Frames in memory: a {@link io.portcullis.packet.Batch} travels from port to port, {@link io.portcullis.packet.Packet} reads one
 * frame of it in place, {@link io.portcullis.packet.Tuple} is the key of the frame's flow, {@link
 * io.portcullis.packet.AddressPair} distributes flows over workers. Nothing here does I/O, reads a clock or allocates per frame.
 *
 * <p>Imports {@code packet.wire} and {@code net}. Start reading at {@code Packet.parse}.
 */
@NullMarked
package io.portcullis.packet;

import org.jspecify.annotations.NullMarked;
