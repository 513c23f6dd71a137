/**
 * Headers as they are on the wire: for each protocol one class with the offsets of its fields, in bytes from the first byte of
 * the header, and with {@code isWhole}, after which reads at these offsets are in bounds. The Internet checksum, and
 * big-endian numbers in memory. No state, no I/O.
 *
 * <p>Imports {@code net}. Start reading at {@link io.portcullis.packet.wire.Ipv4Header}.
 */
@NullMarked
package io.portcullis.packet.wire;

import org.jspecify.annotations.NullMarked;
