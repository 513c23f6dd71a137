package io.portcullis.packet.wire;

/** SCTP common header (RFC 9260, section 3.1). */
public final class SctpHeader {
    public static final int SOURCE_PORT = 0;
    public static final int DESTINATION_PORT = 2;
    public static final int VERIFICATION_TAG = 4;
    /** CRC32c, 32 bits. */
    public static final int CHECKSUM = 8;

    public static final int LENGTH = 12;

    private SctpHeader() {}

    /** True: the header lies in {@code [at, end)}. */
    public static boolean isWhole(long at, long end) {
        return end - at >= LENGTH;
    }
}
