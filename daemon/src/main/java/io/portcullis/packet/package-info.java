/**
 * Frames as they lie in memory: {@link io.portcullis.packet.Batch} is what travels from port to port,
 * {@link io.portcullis.packet.Packet} reads one frame of it in place, {@link io.portcullis.packet.Tuple} names the flow
 * that the frame belongs to, {@link io.portcullis.packet.AddressPair} hashes what spreads flows over workers. Nothing here does I/O, reads a clock or allocates per frame.
 *
 * <p>Imports nothing of the other rooms. Start reading at {@code Packet.parse}.
 */
@NullMarked
package io.portcullis.packet;

import org.jspecify.annotations.NullMarked;
