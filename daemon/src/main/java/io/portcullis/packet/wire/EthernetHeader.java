package io.portcullis.packet.wire;

/** Ethernet header (IEEE 802.3), without preamble. */
public final class EthernetHeader {
    public static final int DESTINATION = 0;
    public static final int SOURCE = 6;
    /** {@link io.portcullis.net.EtherType}, 16 bits. */
    public static final int TYPE = 12;

    public static final int LENGTH = 14;

    private EthernetHeader() {}

    /** True: the header lies in {@code [at, end)}. */
    public static boolean isWhole(long at, long end) {
        return end - at >= LENGTH;
    }
}
