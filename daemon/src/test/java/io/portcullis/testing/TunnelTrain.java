package io.portcullis.testing;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Packets of one TCP connection (or of one UDP flow) in a tunnel, as a sender makes them, and the super-frame that a kernel
 * coalesces them to on arrival (GRO): the first packet's headers, the payload of all, the lengths of the whole, FIN and PSH of
 * the last, and the checksum of TCP or UDP as a sender leaves it for its NIC. Nothing is parsed: the position of each header is
 * known from its construction.
 */
public final class TunnelTrain {
    /** The kind of the tunnel. */
    public enum Kind {
        IPIP(EtherType.IPV4),
        GRE(0),
        GRE_KEY(0),
        GRE_CHECKSUM(0),
        GRE_CHECKSUM_KEY(0),
        GRE_ETHERNET(0),
        GRE_MPLS(0),
        SIX_IN_FOUR(EtherType.IPV6),
        FOUR_IN_SIX(EtherType.IPV4),
        SIX_IN_SIX(EtherType.IPV6),
        SIX_IN_SIX_WITH_OPTIONS(EtherType.IPV6),
        GRE_OVER_SIX(0),
        GRE_CHECKSUM_OVER_SIX(0),
        VXLAN(0),
        VXLAN_CHECKSUM(0),
        VXLAN_OVER_SIX(0),
        GENEVE(0),
        FOU(0),
        FOU_GRE(0),
        GUE(0),
        IPIP_IN_GRE(0);

        private final int inner;

        Kind(int inner) {
            this.inner = inner;
        }

        /** True: it can carry that version. */
        public boolean carries(boolean v6) {
            return inner == 0 || inner == (v6 ? EtherType.IPV6 : EtherType.IPV4);
        }
    }

    /** The properties in which trains differ. */
    public record Shape(
            Kind kind, boolean v6, boolean tcp, List<Integer> tags, int segmentLength, int payload, int tcpOptions) {}

    private enum Part {
        IPV4,
        IPV6,
        UDP,
        TRANSPORT
    }

    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_CHECKSUM = 6;
    private static final int FIN = 1;
    private static final int PSH = 8;
    private static final int ACK = 16;
    private static final int CWR = 0x80;
    private static final byte GSO_TCPV4 = 1;
    private static final byte GSO_TCPV6 = 4;
    private static final byte GSO_UDP_L4 = 5;
    private static final String OUTER = "198.51.100.7";
    private static final String OUTER_FAR = "203.0.113.80";
    private static final String OUTER6 = "2001:db8:9::7";
    private static final String OUTER6_FAR = "2001:db8:1::80";

    private final Shape shape;
    private final List<byte[]> packets = new ArrayList<>();
    private final byte[] joined;
    private final int transport;

    // A field of the first packet that the whole needs anew, and its distance from the end.
    private final List<Part> parts = new ArrayList<>();
    private final List<Integer> fromEnd = new ArrayList<>();

    /** One with random numbers and a random payload. */
    public TunnelTrain(Shape shape, SplittableRandom random) {
        this.shape = shape;
        byte[] payload = new byte[shape.payload];
        random.nextBytes(payload);
        byte[] options = new byte[shape.tcpOptions];
        Arrays.fill(options, (byte) 1);
        int id = random.nextInt(0x10000);
        int outerId = random.nextInt(0x10000);
        int sequence = random.nextInt();
        boolean congested = random.nextBoolean();
        int count = Math.ceilDiv(shape.payload, shape.segmentLength);
        for (int i = 0; i < count; i++) {
            int from = i * shape.segmentLength;
            byte[] part = Arrays.copyOfRange(payload, from, Math.min(payload.length, from + shape.segmentLength));
            String source = shape.v6 ? "fd00::1" : "10.1.0.1";
            String destination = shape.v6 ? "fd00::2" : "10.1.0.2";
            int flags = ACK | (i == 0 && congested ? CWR : 0) | (i == count - 1 ? PSH | sequence & FIN : 0);
            Frame inner = shape.tcp
                    ? Frame.tcp(source, 1_000, destination, 80, flags)
                            .numbers(sequence + from, 77)
                            .tcpOptions(options)
                    : Frame.udp(source, 1_000, destination, 443);
            byte[] ip = inner.datagramId(id + i & 0xffff).payload(part).ip();
            note(Part.TRANSPORT, ip.length - (shape.v6 ? 40 : 20));
            note(shape.v6 ? Part.IPV6 : Part.IPV4, ip.length);
            packets.add(wrapped(ip, outerId + i & 0xffff));
        }
        byte[] first = packets.getFirst();
        int headers = first.length - Math.min(shape.segmentLength, shape.payload);
        transport = first.length - fromEnd.getFirst();
        joined = Arrays.copyOf(first, headers + payload.length);
        System.arraycopy(payload, 0, joined, headers, payload.length);
        finish(first.length);
    }

    private void note(Part part, int distance) {
        if (packets.isEmpty()) {
            parts.add(part);
            fromEnd.add(distance);
        }
    }

    private byte[] wrapped(byte[] inner, int id) {
        int type = shape.v6 ? EtherType.IPV6 : EtherType.IPV4;
        int protocol = shape.v6 ? 41 : 4;
        return switch (shape.kind) {
            case IPIP, SIX_IN_FOUR -> outer(protocol, inner, id, false, false);
            case GRE -> outer(47, gre(0, type, inner), id, false, false);
            case GRE_KEY -> outer(47, gre(0x2000, type, inner), id, false, false);
            case GRE_CHECKSUM -> outer(47, gre(0x8000, type, inner), id, false, false);
            case GRE_CHECKSUM_KEY -> outer(47, gre(0xa000, type, inner), id, false, false);
            case GRE_ETHERNET -> outer(47, gre(0x2000, 0x6558, ethernet(type, inner, true)), id, false, false);
            case GRE_MPLS -> {
                byte[] labels = new Frame.Octets()
                        .u32(0x00012040)
                        .u32(0x00034140)
                        .bytes(inner)
                        .toBytes();
                yield outer(47, gre(0, 0x8847, labels), id, false, false);
            }
            case FOUR_IN_SIX, SIX_IN_SIX -> outer(protocol, inner, id, true, false);
            case SIX_IN_SIX_WITH_OPTIONS -> outer(protocol, inner, id, true, true);
            case GRE_OVER_SIX -> outer(47, gre(0, type, inner), id, true, false);
            case GRE_CHECKSUM_OVER_SIX -> outer(47, gre(0x8000, type, inner), id, true, false);
            case VXLAN -> udp(vxlan(type, inner), id, false, false);
            case VXLAN_CHECKSUM -> udp(vxlan(type, inner), id, false, true);
            case VXLAN_OVER_SIX -> udp(vxlan(type, inner), id, true, true);
            case GENEVE -> {
                byte[] options = new Frame.Octets()
                        .u8(3)
                        .u8(0)
                        .u16(0x6558)
                        .u32(0x500)
                        .zeroes(12)
                        .bytes(ethernet(type, inner, false))
                        .toBytes();
                yield udp(options, id, false, true);
            }
            case FOU -> udp(inner, id, false, true);
            case FOU_GRE -> udp(gre(0x2000, type, inner), id, false, false);
            case GUE -> {
                byte[] header = new Frame.Octets()
                        .u8(0)
                        .u8(protocol)
                        .u16(0)
                        .bytes(inner)
                        .toBytes();
                yield udp(header, id, false, true);
            }
            case IPIP_IN_GRE -> {
                byte[] middle = Frame.ip(protocol, "10.2.0.1", "10.2.0.2")
                        .datagramId(id)
                        .payload(inner)
                        .ip();
                note(Part.IPV4, middle.length);
                yield outer(47, gre(0x8000, EtherType.IPV4, middle), id, false, false);
            }
        };
    }

    private byte[] outer(int protocol, byte[] payload, int id, boolean overSix, boolean options) {
        Frame frame = Frame.ip(protocol, overSix ? OUTER6 : OUTER, overSix ? OUTER6_FAR : OUTER_FAR)
                .datagramId(id)
                .payload(payload);
        note(overSix ? Part.IPV6 : Part.IPV4, payload.length + (overSix ? 40 : 20) + (options ? 8 : 0));
        if (options) {
            frame.extension(IpProtocol.DESTINATION_OPTIONS, 8);
        }
        for (int i = 0; i < shape.tags.size(); i++) {
            frame.tag(i + 1 < shape.tags.size() ? 0x88a8 : 0x8100, shape.tags.get(i));
        }
        return frame.bytes();
    }

    private byte[] udp(byte[] payload, int id, boolean overSix, boolean checksum) {
        Frame datagram = Frame.udp(overSix ? OUTER6 : OUTER, 50_000, overSix ? OUTER6_FAR : OUTER_FAR, 4_789)
                .payload(payload);
        byte[] ip = datagram.ip();
        byte[] bytes = Arrays.copyOfRange(ip, overSix ? 40 : 20, ip.length);
        if (!checksum) {
            Frame.put16(bytes, UDP_CHECKSUM, 0);
        }
        note(Part.UDP, bytes.length);
        return outer(IpProtocol.UDP, bytes, id, overSix, false);
    }

    private static byte[] gre(int flags, int type, byte[] inner) {
        Frame.Octets header = new Frame.Octets().u16(flags).u16(type);
        if ((flags & 0x8000) != 0) {
            header.u32(0);
        }
        if ((flags & 0x2000) != 0) {
            header.u32(0xcafe);
        }
        byte[] bytes = header.bytes(inner).toBytes();
        if ((flags & 0x8000) != 0) {
            Frame.put16(bytes, 4, ~Frame.sum(bytes));
        }
        return bytes;
    }

    private static byte[] vxlan(int type, byte[] inner) {
        return new Frame.Octets()
                .u32(0x08000000)
                .u32(0x500)
                .bytes(ethernet(type, inner, false))
                .toBytes();
    }

    private static byte[] ethernet(int type, byte[] inner, boolean tagged) {
        Frame.Octets header = new Frame.Octets().hex("0200000000aa").hex("0200000000bb");
        if (tagged) {
            header.u16(0x8100).u16(7);
        }
        return header.u16(type).bytes(inner).toBytes();
    }

    private void finish(int firstLength) {
        byte[] last = packets.getLast();
        for (int i = 0; i < parts.size(); i++) {
            int at = firstLength - fromEnd.get(i);
            switch (parts.get(i)) {
                case IPV4 -> {
                    Frame.put16(joined, at + 2, joined.length - at);
                    Frame.repairIpv4(joined, at);
                }
                case IPV6 -> Frame.put16(joined, at + 4, joined.length - at - 40);
                case UDP -> Frame.put16(joined, at + 4, joined.length - at);
                case TRANSPORT -> {
                    if (shape.tcp) {
                        joined[at + 13] |= (byte) (last[at + 13] & (FIN | PSH));
                    } else {
                        Frame.put16(joined, at + 4, joined.length - at);
                    }
                    byte[] pseudo = new Frame.Octets()
                            .bytes(Arrays.copyOfRange(joined, at - (shape.v6 ? 32 : 8), at))
                            .u32(joined.length - at)
                            .u32(shape.tcp ? IpProtocol.TCP : IpProtocol.UDP)
                            .toBytes();
                    Frame.put16(joined, checksumField(), Frame.sum(pseudo));
                }
            }
        }
    }

    /** The packets as they were sent. */
    public List<byte[]> packets() {
        return packets;
    }

    /** The super-frame. */
    public byte[] joined() {
        return joined;
    }

    /** {@code gso_type} of its struct virtio_net_hdr. */
    public byte gsoType() {
        return shape.tcp ? shape.v6 ? GSO_TCPV6 : GSO_TCPV4 : GSO_UDP_L4;
    }

    /** {@code gso_size} of it. */
    public int segmentLength() {
        return shape.segmentLength;
    }

    /** {@code csum_start} of it. */
    public int checksumStart() {
        return transport;
    }

    /** Bytes from the start of the frame to the checksum. */
    public int checksumField() {
        return transport + (shape.tcp ? TCP_CHECKSUM : UDP_CHECKSUM);
    }

    @Override
    public String toString() {
        return shape.toString();
    }
}
