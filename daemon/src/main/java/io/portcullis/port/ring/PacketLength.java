package io.portcullis.port.ring;

import io.portcullis.packet.Batch;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.port.LinkHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Length of a super-frame's packets, in bytes, read from the frame. */
final class PacketLength {
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
        int network = LinkHeader.length(batch, i);
        int transport = batch.checksumStart(i);
        boolean tcp = batch.checksumField(i) - transport == TcpHeader.CHECKSUM;
        int header = tcp
                ? (memory.get(ValueLayout.JAVA_BYTE, frame + transport + TcpHeader.DATA_OFFSET) >>> 4 & 0xf) * 4
                : UdpHeader.LENGTH;
        return transport - network + header + batch.segmentLength(i);
    }
}
