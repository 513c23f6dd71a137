package io.portcullis.cli.replay;

import io.portcullis.cli.replay.EthernetFrame.Hint;
import io.portcullis.net.EtherType;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.EthernetHeader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * The link types of capture files that have an Ethernet header or can be given one. Source: the pcap/pcapng LinkType registry
 * (LINKTYPE_ETHERNET, _LINUX_SLL, _LINUX_SLL2, _RAW, _IPV4, _IPV6).
 */
enum LinkType {
    ETHERNET,
    /** {@code tcpdump -i any}, before libpcap 1.10. */
    COOKED,
    /** {@code tcpdump -i any}. */
    COOKED_V2,
    /** IPv4 or IPv6 without a link header. */
    RAW_IP;

    // Cooked: packet type, ARPHRD type, length of the address, address (8 bytes), protocol.
    private static final int COOKED_LENGTH = 16;
    private static final int COOKED_ARPHRD = 2;
    private static final int COOKED_ADDRESS = 6;
    private static final int COOKED_PROTOCOL = 14;

    // Cooked, version 2: protocol, reserved (2), interface index (4), ARPHRD type, packet type (1), length of the
    // address (1), address.
    private static final int COOKED_V2_LENGTH = 20;
    private static final int COOKED_V2_ARPHRD = 8;
    private static final int COOKED_V2_TYPE = 10;
    private static final int COOKED_V2_ADDRESS = 12;

    /** ARPHRD_LOOPBACK (linux/if_arp.h). */
    private static final int LOOPBACK = 772;

    private static final int OTHER_HOST = 3;
    private static final int OUTGOING = 4;

    // Locally administered, where the capture has none.
    private static final byte[] SOURCE_MAC = {2, 0, 0, 0, 0, 1};
    private static final byte[] DESTINATION_MAC = {2, 0, 0, 0, 0, 2};

    /** By libpcap's number; empty: another one. */
    static Optional<LinkType> of(int number) {
        return Optional.ofNullable(
                switch (number) {
                    case 1 -> ETHERNET;
                    case 113 -> COOKED;
                    case 276 -> COOKED_V2;
                    // DLT_RAW is 12 on Linux and 14 on OpenBSD, LINKTYPE_RAW 101.
                    case 12, 14, 101, 228, 229 -> RAW_IP;
                    default -> null;
                });
    }

    /** True: frames have the MAC addresses of the wire. */
    boolean hasMacs() {
        return this == ETHERNET;
    }

    /** A frame of this type with an Ethernet header. */
    EthernetFrame ethernet(CapturedFrame frame) {
        MemorySegment bytes = frame.bytes();
        return switch (this) {
            case ETHERNET -> new EthernetFrame(bytes, frame.originalLength(), Hint.NONE);
            case COOKED ->
                bytes.byteSize() < COOKED_LENGTH
                        ? unusable(frame)
                        : cooked(
                                frame,
                                COOKED_LENGTH,
                                Bytes.u16(bytes, 0),
                                Bytes.u16(bytes, COOKED_ARPHRD),
                                COOKED_ADDRESS,
                                Bytes.u16(bytes, COOKED_PROTOCOL));
            case COOKED_V2 ->
                bytes.byteSize() < COOKED_V2_LENGTH
                        ? unusable(frame)
                        : cooked(
                                frame,
                                COOKED_V2_LENGTH,
                                Bytes.u8(bytes, COOKED_V2_TYPE),
                                Bytes.u16(bytes, COOKED_V2_ARPHRD),
                                COOKED_V2_ADDRESS,
                                Bytes.u16(bytes, 0));
            case RAW_IP -> raw(frame);
        };
    }

    private static EthernetFrame cooked(
            CapturedFrame frame, int header, int packetType, int hardware, int address, int protocol) {
        if (hardware == LOOPBACK) {
            return new EthernetFrame(frame.bytes(), frame.originalLength(), Hint.LOOPBACK);
        }
        if (protocol < EtherType.FIRST) {
            return unusable(frame);
        }
        byte[] source = new byte[SOURCE_MAC.length];
        MemorySegment.copy(frame.bytes(), ValueLayout.JAVA_BYTE, address, source, 0, source.length);
        Hint hint = packetType == OUTGOING ? Hint.SENT : packetType == OTHER_HOST ? Hint.OF_OTHERS : Hint.ARRIVED;
        return withHeader(frame, header, source, protocol, hint);
    }

    private static EthernetFrame raw(CapturedFrame frame) {
        int version = frame.bytes().byteSize() == 0 ? 0 : Bytes.u8(frame.bytes(), 0) >> 4;
        return switch (version) {
            case 4 -> withHeader(frame, 0, SOURCE_MAC, EtherType.IPV4, Hint.NONE);
            case 6 -> withHeader(frame, 0, SOURCE_MAC, EtherType.IPV6, Hint.NONE);
            default -> unusable(frame);
        };
    }

    private static EthernetFrame withHeader(CapturedFrame frame, int header, byte[] source, int type, Hint hint) {
        byte[] ethernet = ByteBuffer.allocate(
                        EthernetHeader.LENGTH + (int) frame.bytes().byteSize() - header)
                .put(DESTINATION_MAC)
                .put(source)
                .putShort((short) type)
                .put(frame.bytes().asSlice(header).asByteBuffer())
                .array();
        return new EthernetFrame(
                MemorySegment.ofArray(ethernet), frame.originalLength() - header + EthernetHeader.LENGTH, hint);
    }

    private static EthernetFrame unusable(CapturedFrame frame) {
        return new EthernetFrame(frame.bytes(), frame.originalLength(), Hint.NOT_ETHERNET);
    }
}
