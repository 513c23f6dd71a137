package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** Header of ICMP (RFC 792) and ICMPv6 (RFC 4443, section 2.1). */
public final class IcmpHeader {
    public static final int TYPE = 0;
    public static final int CODE = 1;
    public static final int CHECKSUM = 2;
    /** Of a query. */
    public static final int IDENTIFIER = 4;
    /** Of an error message, what it quotes follows. */
    public static final int LENGTH = 8;

    private IcmpHeader() {}

    /** True: the header lies in {@code [at, end)}. */
    public static boolean isWhole(long at, long end) {
        return end - at >= LENGTH;
    }

    /** Type in the upper 8 bits, then code, 8 bits, and {@link #IDENTIFIER}, 16 bits. */
    public static int typeCodeIdentifier(MemorySegment memory, long at) {
        return Bytes.u16(memory, at + TYPE) << 16 | Bytes.u16(memory, at + IDENTIFIER);
    }
}
