package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.InternetChecksum;
import io.portcullis.packet.wire.TransportHeader;
import io.portcullis.packet.wire.UdpHeader;
import java.lang.foreign.MemorySegment;

/** The checksum of TCP, UDP, ICMP or ICMPv6 in a packet that has its layer 4 and is no fragment. */
final class TransportChecksum {
    private TransportChecksum() {}

    /** As {@link Packet#verifyChecksum}. */
    static ChecksumState verify(Packet packet) {
        MemorySegment memory = packet.memory;
        int protocol = packet.protocol();
        int field = TransportHeader.checksum(protocol, packet.isV6());
        long transport = packet.transport;
        if (field == TransportHeader.NO_CHECKSUM
                || protocol == IpProtocol.UDP && Bytes.u16(memory, transport + field) == 0) {
            return ChecksumState.RIGHT;
        }
        long end = end(packet);
        long pseudoHeader = pseudoHeader(packet, end - transport);
        if (InternetChecksum.isRight(pseudoHeader + InternetChecksum.sum(memory, transport, end))) {
            return ChecksumState.RIGHT;
        }
        return isUnfinished(packet) ? ChecksumState.UNFINISHED : ChecksumState.WRONG;
    }

    /** One in 65,536 right checksums looks unfinished too, and {@link #finish} leaves it as it is. */
    static boolean isUnfinished(Packet packet) {
        int protocol = packet.protocol();
        boolean offloadable = protocol == IpProtocol.TCP
                || protocol == IpProtocol.UDP
                || protocol == IpProtocol.ICMPV6 && packet.isV6();
        return offloadable
                && Bytes.u16(packet.memory, packet.transport + TransportHeader.checksum(protocol, packet.isV6()))
                        == InternetChecksum.fold(pseudoHeader(packet, end(packet) - packet.transport));
    }

    /** As {@link Packet#finishChecksum}. */
    static void finish(Packet packet) {
        MemorySegment memory = packet.memory;
        long transport = packet.transport;
        long field = transport + TransportHeader.checksum(packet.protocol(), packet.isV6());
        Bytes.put16(memory, field, 0);
        long end = end(packet);
        long sum = pseudoHeader(packet, end - transport) + InternetChecksum.sum(memory, transport, end);
        boolean zeroSaysNone = packet.protocol() == IpProtocol.UDP;
        Bytes.put16(memory, field, zeroSaysNone ? InternetChecksum.nonZeroOf(sum) : InternetChecksum.of(sum));
    }

    /**
     * As {@link Packet#mayFillIn}, with offsets in the memory. The sender behind a virtual NIC chooses them (struct
     * virtio_net_hdr): a checksum written over a port number would make another packet of an accepted one. Allowed are the
     * checksum of layer 4, and that of a packet in the payload (a tunnel).
     */
    static boolean mayFillIn(Packet packet, long start, long field) {
        int own = TransportHeader.checksum(packet.protocol(), packet.isV6());
        if (start == packet.transport && own != TransportHeader.NO_CHECKSUM) {
            return field - start == own;
        }
        return field >= start && start >= packet.payload() && field + 2 <= packet.transportEnd;
    }

    /** Offset of the first byte that the checksum does not cover. */
    private static long end(Packet packet) {
        return packet.protocol() == IpProtocol.UDP
                ? packet.transport + Bytes.u16(packet.memory, packet.transport + UdpHeader.DATAGRAM_LENGTH)
                : packet.transportEnd;
    }

    /** The sum of the pseudo-header (RFC 9293, section 3.1; RFC 8200, section 8.1); ICMP has none. */
    private static long pseudoHeader(Packet packet, long length) {
        if (packet.protocol() == IpProtocol.ICMP) {
            return 0;
        }
        return InternetChecksum.sum(packet.sourceHigh(), packet.sourceLow())
                + InternetChecksum.sum(packet.destinationHigh(), packet.destinationLow())
                + length
                + packet.protocol();
    }
}
