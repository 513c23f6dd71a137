package io.portcullis.packet.wire;

/** VLAN tag (IEEE 802.1Q, 802.1ad), from its control information on: the type that announces it belongs to the header before. */
public final class VlanTag {
    /** Priority 3 bits, drop eligible 1, VLAN id 12. */
    public static final int CONTROL = 0;

    public static final int ID_MASK = 0xfff;
    /** Type of the header after the tag, 16 bits. */
    public static final int TYPE = 2;

    public static final int LENGTH = 4;

    private VlanTag() {}

    /** True: the tag lies in {@code [at, end)}. */
    public static boolean isWhole(long at, long end) {
        return end - at >= LENGTH;
    }
}
