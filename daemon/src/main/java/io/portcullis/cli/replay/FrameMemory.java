package io.portcullis.cli.replay;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Icmp;
import io.portcullis.packet.Packet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory for one frame at a time, as long as it was on the wire. The cut end of a frame is filled with zeros, since the engine
 * compares lengths; a checksum over it is made right.
 */
final class FrameMemory {
    /** A cooked or missing link header may be shorter than Ethernet's. */
    private static final int LONGEST = CaptureFile.LONGEST_FRAME + 32;

    /** Of a packet that an ICMP error quotes, what tells its flow: an IP header and 8 bytes. */
    private static final int QUOTE = 60 + 8;

    private static final int ICMP_HEADER = 8;

    private final MemorySegment memory = Arena.ofAuto().allocate(LONGEST);
    private final Packet packet = new Packet();

    /** The frame is in the memory from its first byte on. */
    MemorySegment memory() {
        return memory;
    }

    /** The frame that was placed last, parsed. */
    Packet packet() {
        return packet;
    }

    /**
     * Places a frame, and parses it.
     *
     * @return true: the capture has cut bytes that a verdict depends on
     */
    boolean place(EthernetFrame frame) {
        int present = frame.present();
        MemorySegment.copy(frame.bytes(), 0, memory, 0, present);
        memory.asSlice(present, frame.length() - present).fill((byte) 0);
        Packet.Fault fault = packet.parse(memory, 0, frame.length());
        if (!frame.isCut()) {
            return false;
        }
        if (fault != Packet.Fault.NONE || !packet.isIp()) {
            return true;
        }
        if (packet.hasTransport() && !packet.isFragment() && hasChecksum()) {
            packet.finishChecksum();
        }
        return packet.hasTransport() && present < needed();
    }

    private boolean hasChecksum() {
        int protocol = packet.protocol();
        return protocol == IpProtocol.TCP || protocol == IpProtocol.UDP || packet.isIcmp();
    }

    /** Bytes from the start of the frame that decide. */
    private int needed() {
        int end = packet.headersLength();
        if (!packet.isIcmp()) {
            return end;
        }
        // The headers of ICMP are all of it.
        int start = end - packet.transportLength();
        boolean isError = Icmp.isError(packet.isV6(), packet.icmpType());
        return Math.min(end, start + ICMP_HEADER + (isError ? QUOTE : 0));
    }
}
