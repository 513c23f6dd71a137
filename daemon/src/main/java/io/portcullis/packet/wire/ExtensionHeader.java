package io.portcullis.packet.wire;

import java.lang.foreign.MemorySegment;

/** IPv6 extension header other than the fragment header (RFC 8200, section 4; RFC 6564). */
public final class ExtensionHeader {
    public static final int NEXT_HEADER = 0;
    /** In units of 8 bytes, the first 8 not counted. */
    public static final int EXTENSION_LENGTH = 1;
    /** Of a routing header: its type; 0 is a source route (RFC 5095). */
    public static final int ROUTING_TYPE = 2;
    /** Bytes of the shortest one. */
    public static final int SHORTEST = 8;

    private ExtensionHeader() {}

    /** True: its first {@link #SHORTEST} bytes lie in {@code [at, end)}, and so all the fields named here. */
    public static boolean isReadable(long at, long end) {
        return end - at >= SHORTEST;
    }

    /** Bytes: 8 to 2,048. */
    public static int length(MemorySegment memory, long at) {
        return (Bytes.u8(memory, at + EXTENSION_LENGTH) + 1) * 8;
    }
}
