package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import java.lang.foreign.MemorySegment;

/**
 * Cuts a super-frame that a tunnel carries into the packets that it stands for. The kernel joins what lies in a tunnel on
 * arrival, without any device for it (net/ipv4/af_inet.c, {@code ipip_offload}; gre_offload.c; net/ipv6/ip6_offload.c,
 * {@code sit_offload} and its likes), or with one (VXLAN, Geneve). A struct virtio_net_hdr then says where the inner
 * checksum is, and has no word for the tunnel: a frame that is sent with it is refused.
 *
 * <p>Followed are IPv4, IPv6 with hop-by-hop, routing and destination options, GRE (RFC 2784, the key of RFC 2890, Ethernet in
 * it), MPLS (RFC 3032, RFC 4023), VXLAN (RFC 7348), Geneve (RFC 8926), GUE without options and IP or GRE right in UDP, one in
 * the other, each with VLAN tags wherever there is Ethernet, down to TCP or UDP. Each header's length must agree with the
 * frame's end. The packets get what the kernel gives those that it cuts itself (net/core/skbuff.c, {@code skb_segment}, and
 * the {@code gso_segment} functions): lengths, IPv4 identifications that count on, the TCP sequence number, FIN and PSH in the
 * last one, CWR in the first one, and all checksums finished.
 *
 * <p>Nothing in the frame is changed. Used again and again by one thread.
 */
public final class Segmenter {
    /** Bytes of the longest headers that are repeated; those of Geneve with all its options over IPv6 are 444. */
    public static final int LONGEST_HEADERS = 480;

    /** Packets in a super-frame at the most: 64 KiB of the least segment that Linux sends (TCP_MIN_MSS, 88) are 745. */
    private static final int MOST_SEGMENTS = 1_024;

    /** {@code gso_type} of a struct virtio_net_hdr (include/uapi/linux/virtio_net.h), without the bit for ECN. */
    private static final int GSO_TCPV4 = 1;

    private static final int GSO_TCPV6 = 4;
    private static final int GSO_UDP_L4 = 5;
    private static final int GSO_ECN = 0x80;
    private static final int GSO_TYPE = 1;

    private static final int ETHERNET_HEADER = 14;
    private static final int TAG = 4;
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int TRANSPARENT_ETHERNET = 0x6558;
    private static final int MPLS = 0x8847;
    private static final int MPLS_MULTICAST = 0x8848;
    private static final int MPLS_BOTTOM = 1 << 8;

    private static final int IPV4_HEADER = 20;
    private static final int IPV4_LENGTH = 2;
    private static final int IPV4_IDENTIFICATION = 4;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_ADDRESSES = 12;
    private static final int ANY_FRAGMENT = 0x3fff;
    private static final int IPV6_HEADER = 40;
    private static final int IPV6_LENGTH = 4;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int IPV6_ADDRESSES = 8;

    private static final int TCP_HEADER = 20;
    private static final int TCP_SEQUENCE = 4;
    private static final int TCP_DATA_OFFSET = 12;
    private static final int TCP_FLAGS = 13;
    private static final int TCP_CHECKSUM = 16;
    private static final int TCP_PSH = 0x08;
    private static final int TCP_CWR = 0x80;
    private static final int UDP_HEADER = 8;
    private static final int UDP_LENGTH = 4;
    private static final int UDP_CHECKSUM = 6;

    private static final int IPV4_IN_IP = 4;
    private static final int IPV6_IN_IP = 41;
    private static final int GRE = 47;
    private static final int MPLS_IN_IP = 137;
    private static final int GRE_HEADER = 4;
    private static final int GRE_CHECKSUM_PRESENT = 0x8000;
    private static final int GRE_KEY_PRESENT = 0x2000;
    private static final int GRE_CHECKSUM = 4;
    private static final int VXLAN_HEADER = 8;
    private static final int GUE_HEADER = 4;

    /** What has a length or a checksum that is each packet's own. */
    private enum Layer {
        IPV4,
        IPV6,
        UDP,
        GRE
    }

    private static final int MOST_LAYERS = 8;

    /** Looks at something that may be a header: bounds what a frame that was made for it can cost. */
    private static final int MOST_LOOKS = 64;

    private final Layer[] layer = new Layer[MOST_LAYERS];
    private final int[] start = new int[MOST_LAYERS];
    private int layers;
    private int looks;

    private MemorySegment memory = MemorySegment.NULL;
    private long frame;
    private int length;
    /** No header lies beyond. */
    private int end;

    private boolean tcp;
    private boolean v6;
    /** Where the transport header is said to be; -1: nowhere. */
    private int anchor;

    private int transport;
    private int headersLength;
    private int segmentLength;
    private int segments;

    /** Nothing to cut yet. */
    public Segmenter() {}

    /**
     * True: the super-frame {@code i} of a batch, whose frames have vnet headers, is of TCP or UDP that is not its own but that of
     * something it carries, and so nothing that can be sent as it is.
     */
    public boolean isTunnel(Batch batch, int i) {
        if (batch.segmentLength(i) == 0 || batch.unmarkedOffload() || !look(batch, i)) {
            return false;
        }
        int at = ETHERNET_HEADER;
        int type = 0;
        if (at <= length) {
            type = u16(at - 2);
            while (isTag(type) && at + TAG <= length) {
                type = u16(at + 2);
                at += TAG;
            }
        }
        if (type == Packet.IPV4 && at + IPV4_HEADER <= length) {
            return !isTransport(u8(at + IPV4_PROTOCOL), at + (u8(at) & 0xf) * 4);
        }
        if (type == Packet.IPV6 && at + IPV6_HEADER <= length) {
            int protocol = u8(at + IPV6_NEXT_HEADER);
            int next = at + IPV6_HEADER;
            while (IpProtocol.isExtension(protocol) && next + 8 <= length) {
                protocol = u8(next);
                next += (u8(next + 1) + 1) * 8;
            }
            return !isTransport(protocol, next);
        }
        return false;
    }

    /**
     * Begins with a super-frame that {@link #isTunnel}.
     *
     * @return false: it can't be cut, for something in it is unknown or contradicts the rest
     */
    public boolean begin(Batch batch, int i) {
        segmentLength = batch.segmentLength(i);
        layers = 0;
        looks = 0;
        if (!look(batch, i)
                || anchor >= 0 && batch.checksumField(i) - anchor != (tcp ? TCP_CHECKSUM : UDP_CHECKSUM)
                || !followEthernet(0)
                || transport + (tcp ? TCP_HEADER : UDP_HEADER) > end) {
            return false;
        }
        headersLength = transport + (tcp ? (u8(transport + TCP_DATA_OFFSET) >>> 4) * 4 : UDP_HEADER);
        int payload = length - headersLength;
        if (headersLength < transport + (tcp ? TCP_HEADER : UDP_HEADER) || headersLength > end || segmentLength <= 0) {
            return false;
        }
        segments = Math.max(1, Math.ceilDiv(payload, segmentLength));
        return segments <= MOST_SEGMENTS;
    }

    /** Notes what is said of a super-frame; false where it is of no kind that is known here. */
    private boolean look(Batch batch, int i) {
        memory = batch.memory();
        frame = batch.offset(i);
        length = batch.length(i);
        end = Math.min(length, LONGEST_HEADERS);
        anchor = batch.checksum(i) == Batch.Checksum.PARTIAL ? batch.checksumStart(i) : -1;
        int kind = Bytes.u8(memory, frame - Batch.VNET_HEADER + GSO_TYPE) & ~GSO_ECN;
        tcp = kind == GSO_TCPV4 || kind == GSO_TCPV6;
        v6 = kind == GSO_TCPV6;
        return tcp || kind == GSO_UDP_L4;
    }

    private int u8(int at) {
        return Bytes.u8(memory, frame + at);
    }

    private int u16(int at) {
        return Bytes.u16(memory, frame + at);
    }

    private static boolean isTag(int type) {
        return type == VLAN || type == SERVICE_VLAN;
    }

    private boolean isTransport(int protocol, int at) {
        return protocol == (tcp ? IpProtocol.TCP : IpProtocol.UDP) && (anchor < 0 || at == anchor);
    }

    private boolean push(Layer kind, int at) {
        if (layers == MOST_LAYERS) {
            return false;
        }
        layer[layers] = kind;
        start[layers++] = at;
        return true;
    }

    private boolean followEthernet(int at) {
        if (at + ETHERNET_HEADER > end) {
            return false;
        }
        int next = at + ETHERNET_HEADER;
        int type = u16(next - 2);
        while (isTag(type)) {
            if (next + TAG > end) {
                return false;
            }
            type = u16(next + 2);
            next += TAG;
        }
        return followType(type, next);
    }

    private boolean followType(int type, int at) {
        return switch (type) {
            case Packet.IPV4 -> followIpv4(at);
            case Packet.IPV6 -> followIpv6(at);
            case MPLS, MPLS_MULTICAST -> followMpls(at);
            default -> false;
        };
    }

    /** What says of itself what it carries. */
    private boolean followTunnel(int type, int at) {
        return type == TRANSPARENT_ETHERNET ? followEthernet(at) : followType(type, at);
    }

    private boolean followMpls(int at) {
        int next = at;
        int bottom = 0;
        while (bottom == 0) {
            if (next + 4 > end) {
                return false;
            }
            bottom = u16(next + 2) & MPLS_BOTTOM;
            next += 4;
        }
        return followIp(next);
    }

    private boolean followIp(int at) {
        return followIpv4(at) || followIpv6(at);
    }

    private boolean followIpv4(int at) {
        if (++looks > MOST_LOOKS || at + IPV4_HEADER > end || u8(at) >>> 4 != 4) {
            return false;
        }
        int header = (u8(at) & 0xf) * 4;
        return header >= IPV4_HEADER
                && at + header <= end
                && u16(at + IPV4_LENGTH) == length - at
                && (u16(at + IPV4_FRAGMENT) & ANY_FRAGMENT) == 0
                && TransportChecksum.isRight(TransportChecksum.sum(memory, frame + at, frame + at + header))
                && push(Layer.IPV4, at)
                && follow(u8(at + IPV4_PROTOCOL), at + header, !v6 || !tcp);
    }

    private boolean followIpv6(int at) {
        if (++looks > MOST_LOOKS
                || at + IPV6_HEADER > end
                || u8(at) >>> 4 != 6
                || u16(at + IPV6_LENGTH) != length - at - IPV6_HEADER
                || !push(Layer.IPV6, at)) {
            return false;
        }
        int next = at + IPV6_HEADER;
        int protocol = u8(at + IPV6_NEXT_HEADER);
        while (protocol == IpProtocol.HOP_BY_HOP
                || protocol == IpProtocol.ROUTING
                || protocol == IpProtocol.DESTINATION_OPTIONS) {
            if (next + 8 > end) {
                return false;
            }
            protocol = u8(next);
            next += (u8(next + 1) + 1) * 8;
        }
        return follow(protocol, next, v6 || !tcp);
    }

    /** Goes on behind an IP header; {@code mayEnd}: what is to be cut may lie in IP of this version. */
    private boolean follow(int protocol, int at, boolean mayEnd) {
        if (isTransport(protocol, at)) {
            transport = at;
            return mayEnd;
        }
        return switch (protocol) {
            case IPV4_IN_IP -> followIpv4(at);
            case IPV6_IN_IP -> followIpv6(at);
            case GRE -> followGre(at);
            case MPLS_IN_IP -> followMpls(at);
            case IpProtocol.UDP -> followUdp(at);
            default -> false;
        };
    }

    /** With a sequence number nothing is joined, and the packets would have to be numbered anew. */
    private boolean followGre(int at) {
        if (at + GRE_HEADER > end) {
            return false;
        }
        int flags = u16(at);
        int next = at + GRE_HEADER;
        if ((flags & ~(GRE_CHECKSUM_PRESENT | GRE_KEY_PRESENT)) != 0) {
            return false;
        }
        if ((flags & GRE_CHECKSUM_PRESENT) != 0) {
            next += 4;
            if (!push(Layer.GRE, at)) {
                return false;
            }
        }
        if ((flags & GRE_KEY_PRESENT) != 0) {
            next += 4;
        }
        return followTunnel(u16(at + 2), next);
    }

    /** No port says for sure what a datagram carries: what fits to the end is it. */
    private boolean followUdp(int at) {
        int inner = at + UDP_HEADER;
        if (inner + VXLAN_HEADER > end || u16(at + UDP_LENGTH) != length - at || !push(Layer.UDP, at)) {
            return false;
        }
        int before = layers;
        int options = (u8(inner) & 0x3f) * 4;
        if (followEthernet(inner + VXLAN_HEADER)) {
            return true;
        }
        layers = before;
        if (followTunnel(u16(inner + 2), inner + VXLAN_HEADER + options)) {
            return true;
        }
        layers = before;
        if (followIp(inner)) {
            return true;
        }
        layers = before;
        if (followGre(inner)) {
            return true;
        }
        layers = before;
        return u8(inner) == 0 && follow(u8(inner + 1), inner + GUE_HEADER, false);
    }

    /** How many packets. */
    public int segments() {
        return segments;
    }

    /** Bytes from layer 3 on of the longest packet. */
    public int packetLength() {
        return headersLength + payloadLength(0) - start[0];
    }

    /** Bytes from the destination MAC address to the payload, the same in each packet. */
    public int headersLength() {
        return headersLength;
    }

    /** Where in the batch's memory the payload of a packet begins. */
    public long payload(int segment) {
        return frame + headersLength + (long) segment * segmentLength;
    }

    /** Bytes of payload of a packet. */
    public int payloadLength(int segment) {
        return Math.min(segmentLength, length - headersLength - segment * segmentLength);
    }

    /**
     * Writes the headers of a packet.
     *
     * @param segment its number, from 0
     * @param to memory with {@link #headersLength} bytes from {@code at} on
     */
    public void writeHeaders(int segment, MemorySegment to, long at) {
        MemorySegment.copy(memory, frame, to, at, headersLength);
        int payload = payloadLength(segment);
        int packetEnd = headersLength + payload;
        for (int i = 0; i < layers; i++) {
            long header = at + start[i];
            switch (layer[i]) {
                case IPV4 -> {
                    Bytes.put16(to, header + IPV4_LENGTH, packetEnd - start[i]);
                    int id = Bytes.u16(to, header + IPV4_IDENTIFICATION) + segment;
                    Bytes.put16(to, header + IPV4_IDENTIFICATION, id);
                    Bytes.put16(to, header + IPV4_CHECKSUM, 0);
                    long options = header + (Bytes.u8(to, header) & 0xf) * 4L;
                    int sum = TransportChecksum.fold(TransportChecksum.sum(to, header, options));
                    Bytes.put16(to, header + IPV4_CHECKSUM, ~sum);
                }
                case IPV6 -> Bytes.put16(to, header + IPV6_LENGTH, packetEnd - start[i] - IPV6_HEADER);
                case UDP -> Bytes.put16(to, header + UDP_LENGTH, packetEnd - start[i]);
                case GRE -> {
                    // Its checksum follows, when all that it covers is written.
                }
            }
        }
        long from = payload(segment);
        long payloadSum = TransportChecksum.sum(memory, from, from + payload);
        if (tcp) {
            writeTcp(segment, to, at);
        } else {
            Bytes.put16(to, at + transport + UDP_LENGTH, packetEnd - transport);
        }
        int field = transport + (tcp ? TCP_CHECKSUM : UDP_CHECKSUM);
        finish(to, at, transport, field, payloadSum + pseudoHeader(to, at, layers - 1, packetEnd - transport), !tcp);
        for (int i = layers - 1; i >= 0; i--) {
            int header = start[i];
            if (layer[i] == Layer.GRE) {
                finish(to, at, header, header + GRE_CHECKSUM, payloadSum, false);
            } else if (layer[i] == Layer.UDP && Bytes.u16(to, at + header + UDP_CHECKSUM) != 0) {
                long sum = payloadSum + pseudoHeader(to, at, i - 1, packetEnd - header);
                finish(to, at, header, header + UDP_CHECKSUM, sum, true);
            }
        }
    }

    private void writeTcp(int segment, MemorySegment to, long at) {
        long header = at + transport;
        Bytes.put32(to, header + TCP_SEQUENCE, Bytes.i32(to, header + TCP_SEQUENCE) + segment * segmentLength);
        int flags = Bytes.u8(to, header + TCP_FLAGS);
        if (segment > 0) {
            flags &= ~TCP_CWR;
        }
        if (segment < segments - 1) {
            flags &= ~(TcpFlags.FIN | TCP_PSH);
        }
        Bytes.put8(to, header + TCP_FLAGS, flags);
    }

    /**
     * Writes the checksum of what begins with {@code header}. All headers have an even length, so that the payload's sum can be
     * added as it is.
     *
     * @param beyond the sum of what lies beyond the headers, or belongs to none
     * @param neverZero true: a sum of 0 is written as 0xffff, for 0 says that there is none (RFC 768)
     */
    private void finish(MemorySegment to, long at, int header, int field, long beyond, boolean neverZero) {
        Bytes.put16(to, at + field, 0);
        long sum = beyond + TransportChecksum.sum(to, at + header, at + headersLength);
        int checksum = ~TransportChecksum.fold(sum) & 0xffff;
        Bytes.put16(to, at + field, checksum == 0 && neverZero ? 0xffff : checksum);
    }

    private long pseudoHeader(MemorySegment to, long at, int ip, int covered) {
        long header = at + start[ip];
        boolean isV6 = layer[ip] == Layer.IPV6;
        long addresses = header + (isV6 ? IPV6_ADDRESSES : IPV4_ADDRESSES);
        int protocol = tcp && ip == layers - 1 ? IpProtocol.TCP : IpProtocol.UDP;
        return TransportChecksum.sum(to, addresses, header + (isV6 ? IPV6_HEADER : IPV4_HEADER)) + covered + protocol;
    }
}
