package io.portcullis.port.ring;

import io.portcullis.net.EtherType;
import io.portcullis.packet.Batch;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Lengths of a frame's headers, in bytes, read from the frame. */
final class PacketLength {
    private static final ValueLayout.OfShort NETWORK_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private PacketLength() {}

    /**
     * Length from layer 3 on of each packet in a super-frame; 0 where it is not known. The kernel does not compare it with the
     * MTU, and not every NIC does.
     */
    static int ofSegment(Batch batch, int i) {
        if (batch.checksum(i) != Batch.Checksum.PARTIAL) {
            return 0;
        }
        MemorySegment memory = batch.memory();
        long frame = batch.offset(i);
        int network = linkHeader(batch, i);
        int transport = batch.checksumStart(i);
        boolean tcp = batch.checksumField(i) - transport == TcpHeader.CHECKSUM;
        int header = tcp
                ? (memory.get(ValueLayout.JAVA_BYTE, frame + transport + TcpHeader.DATA_OFFSET) >>> 4 & 0xf) * 4
                : UdpHeader.LENGTH;
        return transport - network + header + batch.segmentLength(i);
    }

    /** Length of the Ethernet header and the VLAN tags. */
    static int linkHeader(Batch batch, int i) {
        MemorySegment memory = batch.memory();
        long frame = batch.offset(i);
        int length = EthernetHeader.LENGTH;
        int type = memory.get(NETWORK_SHORT, frame + EthernetHeader.TYPE) & 0xffff;
        while (EtherType.isVlan(type) && length + VlanTag.LENGTH <= batch.length(i)) {
            type = memory.get(NETWORK_SHORT, frame + length + 2) & 0xffff;
            length += VlanTag.LENGTH;
        }
        return length;
    }

    /** True: the frame has a VLAN tag, or several, and an MTU counts its packet without them. */
    static boolean isTagged(int linkHeader) {
        return linkHeader > EthernetHeader.LENGTH;
    }
}
