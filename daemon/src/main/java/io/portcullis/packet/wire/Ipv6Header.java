package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** IPv6 header (RFC 8200, section 3). */
public final class Ipv6Header {
    /** Version 4 bits, traffic class 8, flow label 20. */
    public static final int VERSION = 0;
    /** Bytes after this header, 16 bits. */
    public static final int PAYLOAD_LENGTH = 4;

    public static final int NEXT_HEADER = 6;
    public static final int HOP_LIMIT = 7;
    public static final int SOURCE = 8;
    public static final int DESTINATION = 24;
    public static final int LENGTH = 40;

    private Ipv6Header() {}

    /** True: the header lies in {@code [at, end)}. The payload length is not compared. */
    public static boolean isWhole(MemorySegment memory, long at, long end) {
        return end - at >= LENGTH && Bytes.u8(memory, at + VERSION) >>> 4 == 6;
    }
}
