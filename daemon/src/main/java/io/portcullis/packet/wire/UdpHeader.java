package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** UDP header (RFC 768). */
public final class UdpHeader {
    public static final int SOURCE_PORT = 0;
    public static final int DESTINATION_PORT = 2;
    /** Bytes of header and payload, 16 bits. */
    public static final int DATAGRAM_LENGTH = 4;
    /** 0: none. */
    public static final int CHECKSUM = 6;

    public static final int LENGTH = 8;

    private UdpHeader() {}

    /** True: the header and its payload lie in {@code [at, end)}. */
    public static boolean isWhole(MemorySegment memory, long at, long end) {
        return end - at >= LENGTH && isWhole(Bytes.u16(memory, at + DATAGRAM_LENGTH), end - at);
    }

    /**
     * True: a datagram with its header has at most {@code available} bytes.
     *
     * @param datagramLength as its header says
     */
    public static boolean isWhole(int datagramLength, long available) {
        return datagramLength >= LENGTH && datagramLength <= available;
    }
}
