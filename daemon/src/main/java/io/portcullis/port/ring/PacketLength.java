package io.portcullis.port.ring;

import io.portcullis.packet.Batch;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Lengths of a frame's headers, in bytes, read from the frame. */
final class PacketLength {
    private static final int ETHERNET_HEADER = 14;
    private static final int TYPE = 12;
    private static final int TAG = 4;
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int TCP_CHECKSUM = 16;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int UDP_HEADER = 8;
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
        boolean tcp = batch.checksumField(i) - transport == TCP_CHECKSUM;
        int header = tcp
                ? (memory.get(ValueLayout.JAVA_BYTE, frame + transport + TCP_DATA_OFFSET) >>> 4 & 0xf) * 4
                : UDP_HEADER;
        return transport - network + header + batch.segmentLength(i);
    }

    /** Length of the Ethernet header and the VLAN tags. */
    static int linkHeader(Batch batch, int i) {
        MemorySegment memory = batch.memory();
        long frame = batch.offset(i);
        int length = ETHERNET_HEADER;
        int type = memory.get(NETWORK_SHORT, frame + TYPE) & 0xffff;
        while ((type == VLAN || type == SERVICE_VLAN) && length + TAG <= batch.length(i)) {
            type = memory.get(NETWORK_SHORT, frame + length + 2) & 0xffff;
            length += TAG;
        }
        return length;
    }

    /** True: the frame has a VLAN tag, or several, and an MTU counts its packet without them. */
    static boolean isTagged(int linkHeader) {
        return linkHeader > ETHERNET_HEADER;
    }
}
