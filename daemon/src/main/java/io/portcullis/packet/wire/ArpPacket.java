package io.portcullis.packet.wire;

/** ARP packet for IPv4 over Ethernet (RFC 826). */
public final class ArpPacket {
    /** Bytes of a MAC address, 8 bits. */
    public static final int HARDWARE_LENGTH = 4;
    /** Bytes of a protocol address, 8 bits. */
    public static final int PROTOCOL_LENGTH = 5;
    /** 16 bits. */
    public static final int OPERATION = 6;
    /** {@link #OPERATION} of a request. */
    public static final int REQUEST = 1;
    /** IPv4 address of the sender. */
    public static final int SENDER = 14;

    /** IPv4 address that a request asks for. */
    public static final int TARGET = 24;

    public static final int LENGTH = 28;

    private ArpPacket() {}

    /** True: the packet lies in {@code [at, end)}. */
    public static boolean isWhole(long at, long end) {
        return end - at >= LENGTH;
    }
}
