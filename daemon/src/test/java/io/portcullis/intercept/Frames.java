package io.portcullis.intercept;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** The frames that an outsider sends to the firewall's own IP stack. Network byte order throughout. */
final class Frames {
    static final String BROADCAST = "ff:ff:ff:ff:ff:ff";
    static final String NOBODY = "0.0.0.0";

    private static final int ETHERNET_LENGTH = 14;
    private static final int IPV4_LENGTH = 20;
    private static final int IPV6_LENGTH = 40;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;

    private Frames() {}

    private static ByteBuffer ethernet(String to, String from, int type, int length) {
        return ByteBuffer.allocate(Math.max(60, ETHERNET_LENGTH + length))
                .put(mac(to))
                .put(mac(from))
                .putShort((short) type);
    }

    private static byte[] mac(String text) {
        return HexFormat.ofDelimiter(":").parseHex(text);
    }

    private static byte[] ip(String text) {
        return InetAddress.ofLiteral(text).getAddress();
    }

    private static byte[] frame(ByteBuffer bytes) {
        byte[] frame = new byte[bytes.capacity()];
        bytes.get(0, frame);
        return frame;
    }

    /** RFC 826: who has {@code target}? From 0.0.0.0 it is a probe (RFC 5227). */
    static byte[] arpRequest(String fromMac, String sender, String target) {
        return frame(ethernet(BROADCAST, fromMac, 0x0806, 28)
                .putShort((short) 1)
                .putShort((short) 0x0800)
                .put((byte) 6)
                .put((byte) 4)
                .putShort((short) 1)
                .put(mac(fromMac))
                .put(ip(sender))
                .put(new byte[6])
                .put(ip(target)));
    }

    /** RFC 768 over RFC 791, without UDP checksum. */
    static byte[] udp(String toMac, String fromMac, String from, String to, int port, String text) {
        byte[] payload = text.getBytes(StandardCharsets.US_ASCII);
        int length = IPV4_LENGTH + 8 + payload.length;
        ByteBuffer bytes = ethernet(toMac, fromMac, 0x0800, length);
        bytes.put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) length)
                .putInt(0)
                .put((byte) 64)
                .put((byte) UDP)
                .putShort((short) 0)
                .put(ip(from))
                .put(ip(to));
        bytes.putShort(ETHERNET_LENGTH + 10, sum(bytes, ETHERNET_LENGTH, IPV4_LENGTH, 0));
        bytes.putShort((short) 40000)
                .putShort((short) port)
                .putShort((short) (8 + payload.length))
                .putShort((short) 0)
                .put(payload);
        return frame(bytes);
    }

    /** RFC 4861 4.2: I am your router for half an hour, and this /64 is on the link: take an address of it. */
    static byte[] routerAdvertisement(String fromMac, String router, String prefix) {
        int length = 16 + 32;
        ByteBuffer bytes = ipv6("33:33:00:00:00:01", fromMac, router, "ff02::1", length);
        bytes.put((byte) 134)
                .put((byte) 0)
                .putShort((short) 0)
                .put((byte) 64)
                .put((byte) 0)
                .putShort((short) 1800)
                .putInt(0)
                .putInt(0);
        bytes.put((byte) 3)
                .put((byte) 4)
                .put((byte) 64)
                .put((byte) 0xc0)
                .putInt(3600)
                .putInt(3600)
                .putInt(0)
                .put(ip(prefix));
        return icmpv6(bytes, length);
    }

    /** RFC 4443 4.1. */
    static byte[] echoRequestToAllNodes(String fromMac, String from) {
        ByteBuffer bytes = ipv6("33:33:00:00:00:01", fromMac, from, "ff02::1", 8);
        bytes.put((byte) 128)
                .put((byte) 0)
                .putShort((short) 0)
                .putShort((short) 7)
                .putShort((short) 1);
        return icmpv6(bytes, 8);
    }

    private static ByteBuffer ipv6(String toMac, String fromMac, String from, String to, int payloadLength) {
        return ethernet(toMac, fromMac, 0x86dd, IPV6_LENGTH + payloadLength)
                .putInt(0x60000000)
                .putShort((short) payloadLength)
                .put((byte) ICMPV6)
                .put((byte) 255)
                .put(ip(from))
                .put(ip(to));
    }

    private static byte[] icmpv6(ByteBuffer bytes, int length) {
        int at = ETHERNET_LENGTH + IPV6_LENGTH;
        int pseudo = length + ICMPV6;
        for (int i = 8; i < IPV6_LENGTH; i += 2) {
            pseudo += Short.toUnsignedInt(bytes.getShort(ETHERNET_LENGTH + i));
        }
        bytes.putShort(at + 2, sum(bytes, at, length, pseudo));
        return frame(bytes);
    }

    /** RFC 1071, over an even number of bytes. */
    private static short sum(ByteBuffer bytes, int at, int length, int initial) {
        int sum = initial;
        for (int i = 0; i < length; i += 2) {
            sum += Short.toUnsignedInt(bytes.getShort(at + i));
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (short) ~sum;
    }

    /** True: sent by the NIC with this address. */
    static boolean isFrom(byte[] frame, String mac) {
        return HexFormat.ofDelimiter(":").formatHex(frame, 6, 12).equals(mac);
    }
}
