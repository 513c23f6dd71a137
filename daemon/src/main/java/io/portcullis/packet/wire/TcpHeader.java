package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** TCP header (RFC 9293, section 3.1). */
public final class TcpHeader {
    public static final int SOURCE_PORT = 0;
    public static final int DESTINATION_PORT = 2;
    public static final int SEQUENCE = 4;
    public static final int ACKNOWLEDGMENT = 8;
    /** Header length in units of 4 bytes 4 bits, reserved 4. */
    public static final int DATA_OFFSET = 12;
    /** Control bits, 8. */
    public static final int FLAGS = 13;

    public static final int WINDOW = 14;
    public static final int CHECKSUM = 16;
    /** Bytes without options. */
    public static final int LENGTH = 20;

    private TcpHeader() {}

    /** True: the header with its options lies in {@code [at, end)}. */
    public static boolean isWhole(MemorySegment memory, long at, long end) {
        return end - at >= LENGTH && length(memory, at) >= LENGTH && length(memory, at) <= end - at;
    }

    /** Bytes of the header with its options, as it says. */
    public static int length(MemorySegment memory, long at) {
        return (Bytes.u8(memory, at + DATA_OFFSET) >>> 4) * 4;
    }
}
