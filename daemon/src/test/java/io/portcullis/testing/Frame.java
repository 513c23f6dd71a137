package io.portcullis.testing;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * A frame under construction, byte by byte from the RFCs and independent of the parser, for the tests of every package. Values
 * that are not set are those of a correct sender: lengths, checksums, hop limit 64. {@link #bytes} may be called again after each
 * change.
 */
public final class Frame {
    /** One IPv6 extension header: its type, and its bytes with the first (next header) left 0. */
    private static final class Extension {
        private final int type;
        private final byte[] bytes;

        Extension(int type, byte[] bytes) {
            this.type = type;
            this.bytes = bytes;
        }
    }

    private static final int FRAGMENT = 44;

    private final int protocol;
    private final byte[] source;
    private final byte[] destination;
    private final List<int[]> tags = new ArrayList<>();
    private final List<Extension> extensions = new ArrayList<>();
    private byte[] ipOptions = new byte[0];
    private byte[] padding = new byte[0];
    private byte[] payload = new byte[0];
    private byte[] tcpOptions = new byte[0];
    private int sourcePort;
    private int destinationPort;
    private int flags;
    private int sequence;
    private int acknowledgment;
    private int window = 65_535;
    private int type;
    private int code;
    private int identifier;
    private int hopLimit = 64;
    private int fragmentField;
    private int datagramId = 7;
    private int udpLength = -1;
    private boolean unfinished;
    private boolean bare;
    private int checksumFlip;

    private Frame(int protocol, String source, String destination) {
        this.protocol = protocol;
        this.source = address(source);
        this.destination = address(destination);
    }

    /** A TCP segment with these control bits. */
    public static Frame tcp(String source, int sourcePort, String destination, int destinationPort, int flags) {
        Frame frame = new Frame(IpProtocol.TCP, source, destination).ports(sourcePort, destinationPort);
        frame.flags = flags;
        return frame;
    }

    /** A UDP datagram. */
    public static Frame udp(String source, int sourcePort, String destination, int destinationPort) {
        return new Frame(IpProtocol.UDP, source, destination).ports(sourcePort, destinationPort);
    }

    /** An SCTP packet: its common header. */
    public static Frame sctp(String source, int sourcePort, String destination, int destinationPort) {
        return new Frame(IpProtocol.SCTP, source, destination).ports(sourcePort, destinationPort);
    }

    /** ICMP or ICMPv6, by the family of the addresses. */
    public static Frame icmp(String source, String destination, int type, int code, int identifier) {
        boolean v6 = source.contains(":");
        Frame frame = new Frame(v6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP, source, destination);
        frame.type = type;
        frame.code = code;
        frame.identifier = identifier;
        return frame;
    }

    /** Any IP protocol, also one with a header of its own: all of its bytes are the payload. */
    public static Frame ip(int protocol, String source, String destination) {
        Frame frame = new Frame(protocol, source, destination);
        frame.bare = true;
        return frame;
    }

    /** A frame without IP: addresses, an ethertype (or length), and the payload. */
    public static byte[] ethernet(String destinationMac, int etherType, byte[] rest) {
        return new Octets()
                .hex(destinationMac)
                .hex("020000000001")
                .u16(etherType)
                .bytes(rest)
                .toBytes();
    }

    private Frame ports(int from, int to) {
        sourcePort = from;
        destinationPort = to;
        return this;
    }

    /** One more VLAN tag inside the existing ones. */
    public Frame tag(int tagProtocol, int priorityAndId) {
        tags.add(new int[] {tagProtocol, priorityAndId});
        return this;
    }

    /** One more 802.1Q tag. */
    public Frame vlan(int id) {
        return tag(0x8100, id);
    }

    /** TTL or hop limit. */
    public Frame hopLimit(int hops) {
        hopLimit = hops;
        return this;
    }

    /** IPv4 options; padded with zeroes to whole words. */
    public Frame ipOptions(String hex) {
        byte[] options = HexFormat.of().parseHex(hex);
        ipOptions = Arrays.copyOf(options, (options.length + 3) / 4 * 4);
        return this;
    }

    /** One more IPv6 extension header of {@code length} bytes (a multiple of 8) with padding in it. */
    public Frame extension(int headerType, int length) {
        byte[] bytes = new byte[length];
        bytes[1] = (byte) (length / 8 - 1);
        if (headerType == IpProtocol.ROUTING) {
            bytes[2] = 4;
        }
        extensions.add(new Extension(headerType, bytes));
        return this;
    }

    /** One more IPv6 routing header of this type. */
    public Frame routing(int routingType) {
        byte[] bytes = new byte[8];
        bytes[2] = (byte) routingType;
        extensions.add(new Extension(IpProtocol.ROUTING, bytes));
        return this;
    }

    /** One more IPv6 fragment header at the end of the current chain; the payload is not cut. */
    public Frame fragmentHeader(int offset, boolean more) {
        extensions.add(new Extension(
                FRAGMENT,
                new Octets().u16(0).u16(offset | (more ? 1 : 0)).u32(0).toBytes()));
        return this;
    }

    /**
     * A fragment: IPv4's field, or an IPv6 fragment header as the last extension header so far. A later one carries its
     * payload alone, the first its layer 4 header too.
     */
    public Frame fragment(int offset, boolean more) {
        if (source.length == 16) {
            fragmentHeader(offset, more);
        }
        fragmentField = offset / 8 | (more ? 0x2000 : 0);
        return this;
    }

    /** The identification of the sender's datagram; 7 unless set. */
    public Frame datagramId(int id) {
        datagramId = id;
        return this;
    }

    /** Sequence and acknowledgment. */
    public Frame numbers(int sequenceNumber, int acknowledgmentNumber) {
        sequence = sequenceNumber;
        acknowledgment = acknowledgmentNumber;
        return this;
    }

    /** TCP window as in the header. */
    public Frame window(int unscaled) {
        window = unscaled;
        return this;
    }

    /** TCP options; padded with zeroes to whole words. */
    public Frame tcpOptions(byte[] options) {
        tcpOptions = Arrays.copyOf(options, (options.length + 3) / 4 * 4);
        return this;
    }

    /** This many zero bytes after the layer 4 header. */
    public Frame payload(int length) {
        return payload(new byte[length]);
    }

    /** The payload after the layer 4 header. */
    public Frame payload(byte[] bytes) {
        payload = bytes;
        return this;
    }

    /** The value of UDP's length field, whatever follows. */
    public Frame udpLength(int length) {
        udpLength = length;
        return this;
    }

    /** Bytes after the IP packet, which belong to nothing. */
    public Frame padding(int length) {
        padding = new byte[length];
        Arrays.fill(padding, (byte) 0xee);
        return this;
    }

    /** A layer 4 checksum that is wrong by these bits. */
    public Frame wrongChecksum(int flippedBits) {
        checksumFlip = flippedBits;
        return this;
    }

    /** A layer 4 checksum as a sender leaves it for its NIC: the folded sum of the pseudo-header. */
    public Frame unfinishedChecksum() {
        unfinished = true;
        return this;
    }

    /** The bytes from the destination MAC address on. */
    public byte[] bytes() {
        Octets frame = new Octets().hex("020000000002").hex("020000000001");
        for (int[] tag : tags) {
            frame.u16(tag[0]).u16(tag[1]);
        }
        boolean v6 = source.length == 16;
        return frame.u16(v6 ? EtherType.IPV6 : EtherType.IPV4)
                .bytes(ip())
                .bytes(padding)
                .toBytes();
    }

    /** The IP packet alone, as an ICMP error quotes it. */
    public byte[] ip() {
        return source.length == 16 ? ipv6() : ipv4();
    }

    /** Offset of the IP header in {@link #bytes}. */
    public int network() {
        return 14 + 4 * tags.size();
    }

    private byte[] ipv4() {
        byte[] rest = transport();
        int headerLength = 20 + ipOptions.length;
        byte[] header = new Octets()
                .u8(0x40 | headerLength / 4)
                .u8(0)
                .u16(headerLength + rest.length)
                .u16(datagramId)
                .u16(fragmentField)
                .u8(hopLimit)
                .u8(protocol)
                .u16(0)
                .bytes(source)
                .bytes(destination)
                .bytes(ipOptions)
                .toBytes();
        put16(header, 10, ~sum(header));
        return new Octets().bytes(header).bytes(rest).toBytes();
    }

    private byte[] ipv6() {
        Octets chain = new Octets();
        for (int i = 0; i < extensions.size(); i++) {
            byte[] bytes = extensions.get(i).bytes.clone();
            bytes[0] = (byte) (i + 1 < extensions.size() ? extensions.get(i + 1).type : protocol);
            if (extensions.get(i).type == FRAGMENT) {
                put16(bytes, 4, datagramId >>> 16);
                put16(bytes, 6, datagramId);
            }
            chain.bytes(bytes);
        }
        byte[] rest = chain.bytes(transport()).toBytes();
        return new Octets()
                .u32(0x60000000)
                .u16(rest.length)
                .u8(extensions.isEmpty() ? protocol : extensions.getFirst().type)
                .u8(hopLimit)
                .bytes(source)
                .bytes(destination)
                .bytes(rest)
                .toBytes();
    }

    private byte[] transport() {
        if (bare || (fragmentField & 0x1fff) != 0) {
            return payload;
        }
        Octets bytes = new Octets();
        int field = -1;
        switch (protocol) {
            case IpProtocol.TCP -> {
                bytes.u16(sourcePort)
                        .u16(destinationPort)
                        .u32(sequence)
                        .u32(acknowledgment)
                        .u8((20 + tcpOptions.length) / 4 << 4)
                        .u8(flags)
                        .u16(window)
                        .u32(0)
                        .bytes(tcpOptions);
                field = 16;
            }
            case IpProtocol.UDP -> {
                bytes.u16(sourcePort)
                        .u16(destinationPort)
                        .u16(udpLength >= 0 ? udpLength : 8 + payload.length)
                        .u16(0);
                field = 6;
            }
            case IpProtocol.SCTP ->
                bytes.u16(sourcePort).u16(destinationPort).u32(1).u32(0);
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                if (source.length == (protocol == IpProtocol.ICMPV6 ? 16 : 4)) {
                    bytes.u8(type).u8(code).u16(0).u16(identifier).u16(0);
                    field = 2;
                }
            }
            default -> {
                // Nothing but the payload.
            }
        }
        byte[] whole = bytes.bytes(payload).toBytes();
        if (field >= 0) {
            putChecksum(whole, field);
        }
        return whole;
    }

    private void putChecksum(byte[] bytes, int field) {
        int covered = protocol == IpProtocol.UDP && udpLength >= 8 ? Math.min(udpLength, bytes.length) : bytes.length;
        byte[] pseudo = protocol == IpProtocol.ICMP
                ? new byte[0]
                : new Octets()
                        .bytes(source)
                        .bytes(destination)
                        .u32(covered)
                        .u32(protocol)
                        .toBytes();
        int right = ~sum(new Octets()
                        .bytes(pseudo)
                        .bytes(Arrays.copyOf(bytes, covered))
                        .toBytes())
                & 0xffff;
        if (right == 0 && protocol == IpProtocol.UDP) {
            right = 0xffff;
        }
        put16(bytes, field, unfinished ? sum(pseudo) : right ^ checksumFlip);
    }

    /** The 4 or 16 bytes of an address; an IPv4-mapped one stays IPv6. */
    public static byte[] address(String text) {
        try {
            if (text.startsWith("::ffff:")) {
                return new Octets()
                        .zeroes(10)
                        .u16(0xffff)
                        .bytes(InetAddress.getByName(text.substring(7)).getAddress())
                        .toBytes();
            }
            return InetAddress.getByName(text).getAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("address " + text, e);
        }
    }

    /** The one's complement sum of 16-bit words, folded (RFC 1071), the slow way. */
    public static int sum(byte[] bytes) {
        long sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (long) (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) sum;
    }

    /** Writes a 16-bit number in network order. */
    public static void put16(byte[] bytes, int at, int value) {
        bytes[at] = (byte) (value >>> 8);
        bytes[at + 1] = (byte) value;
    }

    /** Corrects the IPv4 header checksum after a change of the header. */
    public static void repairIpv4(byte[] frame, int network) {
        int length = Math.min((frame[network] & 0xf) * 4, frame.length - network);
        put16(frame, network + 10, 0);
        put16(frame, network + 10, ~sum(Arrays.copyOfRange(frame, network, network + length)));
    }

    /** Offset after the Ethernet header and its VLAN tags, in any bytes; beyond the end if they are too few. */
    public static int network(byte[] frame) {
        int network = 14;
        while (network <= frame.length && isTag(u16(frame, network - 2))) {
            network += 4;
        }
        return network;
    }

    private static boolean isTag(int etherType) {
        return etherType == 0x8100 || etherType == 0x88a8;
    }

    /** As {@link #repairIpv4(byte[], int)}, if any bytes contain an IPv4 header. */
    public static void repairIpv4(byte[] frame) {
        int network = network(frame);
        if (network + 20 <= frame.length && u16(frame, network - 2) == EtherType.IPV4) {
            repairIpv4(frame, network);
        }
    }

    private static int u16(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
    }

    /** Bytes in network order. */
    public static final class Octets {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        /** One byte. */
        public Octets u8(int value) {
            out.write(value);
            return this;
        }

        /** Two bytes. */
        public Octets u16(int value) {
            return u8(value >>> 8).u8(value);
        }

        /** Four bytes. */
        public Octets u32(int value) {
            return u16(value >>> 16).u16(value);
        }

        /** Bytes, unchanged. */
        public Octets bytes(byte[] bytes) {
            out.writeBytes(bytes);
            return this;
        }

        /** This many zeroes. */
        public Octets zeroes(int count) {
            return bytes(new byte[count]);
        }

        /** Two digits a byte. */
        public Octets hex(String digits) {
            return bytes(HexFormat.of().parseHex(digits));
        }

        /** The bytes written so far. */
        public byte[] toBytes() {
            return out.toByteArray();
        }
    }
}
