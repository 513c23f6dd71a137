package io.portcullis.packet;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.ExtensionHeader;
import io.portcullis.packet.wire.InternetChecksum;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.TcpHeader;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
import java.lang.foreign.MemorySegment;

/**
 * Cuts a super-frame of a tunnel into its packets. The kernel joins packets inside tunnels on arrival, without a tunnel device
 * (net/ipv4/af_inet.c, {@code ipip_offload}; gre_offload.c; net/ipv6/ip6_offload.c, {@code sit_offload} and similar) or with
 * one (VXLAN, Geneve). Their struct virtio_net_hdr gives the place of the inner checksum but cannot describe the tunnel, so the
 * kernel refuses to send such a frame with it.
 *
 * <p>The headers that are followed: IPv4, IPv6 with hop-by-hop, routing and destination options, GRE (RFC 2784, the key of
 * RFC 2890, Ethernet inside), MPLS (RFC 3032, RFC 4023), VXLAN (RFC 7348), Geneve (RFC 8926), GUE without options, and IP or GRE
 * directly in UDP, nested in any order, with VLAN tags after each Ethernet header, down to TCP or UDP. The length in each header
 * must match the end of the frame. The packets are as the kernel cuts them (net/core/skbuff.c, {@code skb_segment}, and the
 * {@code gso_segment} functions): lengths, IPv4 identifications that count on, the TCP sequence number, FIN and PSH in the last
 * one only, CWR in the first one only, and all checksums finished.
 *
 * <p>The super-frame is not changed. Reused, by one thread.
 */
public final class Segmenter {
    /** Bytes of the longest headers that are repeated; Geneve with all its options over IPv6 has 444. */
    public static final int LONGEST_HEADERS = 480;

    /** Packets of the largest super-frame: 64 KiB in the smallest segments that Linux sends (TCP_MIN_MSS, 88) are 745. */
    private static final int MAX_SEGMENTS = 1_024;

    /** {@code gso_type} of a struct virtio_net_hdr (include/uapi/linux/virtio_net.h), without the bit for ECN. */
    private static final int GSO_TCPV4 = 1;

    private static final int GSO_TCPV6 = 4;
    private static final int GSO_UDP_L4 = 5;
    private static final int GSO_ECN = 0x80;
    private static final int GSO_TYPE = 1;

    private static final int MPLS_ENTRY = 4;
    private static final int MPLS_BOTTOM = 1 << 8;
    private static final int ANY_FRAGMENT = Ipv4Header.MORE_FRAGMENTS | Ipv4Header.OFFSET_MASK;
    private static final int GRE_HEADER = 4;
    private static final int GRE_CHECKSUM_PRESENT = 0x8000;
    private static final int GRE_KEY_PRESENT = 0x2000;
    private static final int GRE_CHECKSUM = 4;
    private static final int VXLAN_HEADER = 8;
    private static final int GUE_HEADER = 4;

    /** Headers with a length or checksum that differs from packet to packet. */
    private enum Layer {
        IPV4,
        IPV6,
        UDP,
        GRE
    }

    private static final int MAX_LAYERS = 8;

    /** Bound on the attempts to read an IP header: an attacker can make a frame with many candidates. */
    private static final int MAX_LOOKS = 64;

    private final Layer[] layer = new Layer[MAX_LAYERS];
    private final int[] start = new int[MAX_LAYERS];
    private int layers;
    private int looks;

    private MemorySegment memory = MemorySegment.NULL;
    private long frame;
    private int length;
    /** Offset after the last byte that may belong to a header. */
    private int end;

    private boolean tcp;
    private boolean v6;
    /** Offset of the transport header according to the vnet header; -1: unknown. */
    private int anchor;

    private int transport;
    private int headersLength;
    private int segmentLength;
    private int segments;

    /** Nothing to cut yet. */
    public Segmenter() {}

    /**
     * True: frame {@code i} of a batch is a super-frame of TCP or UDP inside a tunnel, which cannot be sent as it is. The frames
     * of the batch have vnet headers.
     */
    public boolean isTunnel(Batch batch, int i) {
        if (batch.segmentLength(i) == 0 || batch.unmarkedOffload() || !look(batch, i)) {
            return false;
        }
        int at = EthernetHeader.LENGTH;
        int type = 0;
        if (EthernetHeader.isWhole(0, length)) {
            type = u16(EthernetHeader.TYPE);
            while (EtherType.isVlan(type) && VlanTag.isWhole(at, length)) {
                type = u16(at + VlanTag.TYPE);
                at += VlanTag.LENGTH;
            }
        }
        if (type == EtherType.IPV4 && at + Ipv4Header.LENGTH <= length) {
            return !isTransport(u8(at + Ipv4Header.PROTOCOL), at + Ipv4Header.length(memory, frame + at));
        }
        if (type == EtherType.IPV6 && at + Ipv6Header.LENGTH <= length) {
            int protocol = u8(at + Ipv6Header.NEXT_HEADER);
            int next = at + Ipv6Header.LENGTH;
            while (IpProtocol.isExtension(protocol) && ExtensionHeader.isReadable(next, length)) {
                protocol = u8(next + ExtensionHeader.NEXT_HEADER);
                next += ExtensionHeader.length(memory, frame + next);
            }
            return !isTransport(protocol, next);
        }
        return false;
    }

    /**
     * Begins to cut a super-frame that {@link #isTunnel}.
     *
     * @return false: it cannot be cut, because a header is unknown or contradicts the others
     */
    public boolean begin(Batch batch, int i) {
        segmentLength = batch.segmentLength(i);
        layers = 0;
        looks = 0;
        if (!look(batch, i)
                || anchor >= 0 && batch.checksumField(i) - anchor != checksumField()
                || !followEthernet(0)
                || transport + (tcp ? TcpHeader.LENGTH : UdpHeader.LENGTH) > end) {
            return false;
        }
        if (tcp && !TcpHeader.isWhole(memory, frame + transport, frame + end) || segmentLength <= 0) {
            return false;
        }
        headersLength = transport + (tcp ? TcpHeader.length(memory, frame + transport) : UdpHeader.LENGTH);
        int payload = length - headersLength;
        segments = Math.max(1, Math.ceilDiv(payload, segmentLength));
        return segments <= MAX_SEGMENTS;
    }

    /** Reads the description of a super-frame; false: its kind is unknown. */
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

    /** Offset of the checksum in the transport header. */
    private int checksumField() {
        return tcp ? TcpHeader.CHECKSUM : UdpHeader.CHECKSUM;
    }

    private boolean isTransport(int protocol, int at) {
        return protocol == (tcp ? IpProtocol.TCP : IpProtocol.UDP) && (anchor < 0 || at == anchor);
    }

    private boolean push(Layer kind, int at) {
        if (layers == MAX_LAYERS) {
            return false;
        }
        layer[layers] = kind;
        start[layers++] = at;
        return true;
    }

    private boolean followEthernet(int at) {
        if (!EthernetHeader.isWhole(at, end)) {
            return false;
        }
        int next = at + EthernetHeader.LENGTH;
        int type = u16(at + EthernetHeader.TYPE);
        while (EtherType.isVlan(type)) {
            if (!VlanTag.isWhole(next, end)) {
                return false;
            }
            type = u16(next + VlanTag.TYPE);
            next += VlanTag.LENGTH;
        }
        return followType(type, next);
    }

    private boolean followType(int type, int at) {
        return switch (type) {
            case EtherType.IPV4 -> followIpv4(at);
            case EtherType.IPV6 -> followIpv6(at);
            case EtherType.MPLS, EtherType.MPLS_MULTICAST -> followMpls(at);
            default -> false;
        };
    }

    /** Goes on after a tunnel header with the type of its payload. */
    private boolean followTunnel(int type, int at) {
        return type == EtherType.TRANSPARENT_ETHERNET ? followEthernet(at) : followType(type, at);
    }

    private boolean followMpls(int at) {
        int next = at;
        int bottom = 0;
        while (bottom == 0) {
            if (next + MPLS_ENTRY > end) {
                return false;
            }
            bottom = u16(next + 2) & MPLS_BOTTOM;
            next += MPLS_ENTRY;
        }
        return followIp(next);
    }

    private boolean followIp(int at) {
        return followIpv4(at) || followIpv6(at);
    }

    private boolean followIpv4(int at) {
        if (++looks > MAX_LOOKS || !Ipv4Header.isWhole(memory, frame + at, frame + end)) {
            return false;
        }
        int header = Ipv4Header.length(memory, frame + at);
        return u16(at + Ipv4Header.TOTAL_LENGTH) == length - at
                && (u16(at + Ipv4Header.FRAGMENT) & ANY_FRAGMENT) == 0
                && InternetChecksum.isRight(InternetChecksum.sum(memory, frame + at, frame + at + header))
                && push(Layer.IPV4, at)
                && follow(u8(at + Ipv4Header.PROTOCOL), at + header, !v6 || !tcp);
    }

    private boolean followIpv6(int at) {
        if (++looks > MAX_LOOKS
                || !Ipv6Header.isWhole(memory, frame + at, frame + end)
                || u16(at + Ipv6Header.PAYLOAD_LENGTH) != length - at - Ipv6Header.LENGTH
                || !push(Layer.IPV6, at)) {
            return false;
        }
        int next = at + Ipv6Header.LENGTH;
        int protocol = u8(at + Ipv6Header.NEXT_HEADER);
        while (protocol == IpProtocol.HOP_BY_HOP
                || protocol == IpProtocol.ROUTING
                || protocol == IpProtocol.DESTINATION_OPTIONS) {
            if (!ExtensionHeader.isReadable(next, end)) {
                return false;
            }
            protocol = u8(next + ExtensionHeader.NEXT_HEADER);
            next += ExtensionHeader.length(memory, frame + next);
        }
        return follow(protocol, next, v6 || !tcp);
    }

    /** Goes on after an IP header; {@code mayEnd}: the segment to be cut may be in IP of this version. */
    private boolean follow(int protocol, int at, boolean mayEnd) {
        if (isTransport(protocol, at)) {
            transport = at;
            return mayEnd;
        }
        return switch (protocol) {
            case IpProtocol.IPV4 -> followIpv4(at);
            case IpProtocol.IPV6 -> followIpv6(at);
            case IpProtocol.GRE -> followGre(at);
            case IpProtocol.MPLS -> followMpls(at);
            case IpProtocol.UDP -> followUdp(at);
            default -> false;
        };
    }

    /** Packets with a sequence number are not joined by the kernel, and would have to be renumbered. */
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

    /** No port identifies the payload of a datagram for sure: the format that matches to the end is taken. */
    private boolean followUdp(int at) {
        int inner = at + UdpHeader.LENGTH;
        if (inner + VXLAN_HEADER > end || u16(at + UdpHeader.DATAGRAM_LENGTH) != length - at || !push(Layer.UDP, at)) {
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

    /** Number of packets. */
    public int segments() {
        return segments;
    }

    /** Bytes of the longest packet, from layer 3 on. */
    public int packetLength() {
        return headersLength + payloadLength(0) - start[0];
    }

    /** Bytes from the destination MAC address to the payload, the same in each packet. */
    public int headersLength() {
        return headersLength;
    }

    /** Offset of a packet's payload in the memory of the batch. */
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
                    Bytes.put16(to, header + Ipv4Header.TOTAL_LENGTH, packetEnd - start[i]);
                    int id = Bytes.u16(to, header + Ipv4Header.IDENTIFICATION) + segment;
                    Bytes.put16(to, header + Ipv4Header.IDENTIFICATION, id);
                    Bytes.put16(to, header + Ipv4Header.CHECKSUM, 0);
                    long sum = InternetChecksum.sum(to, header, header + Ipv4Header.length(to, header));
                    Bytes.put16(to, header + Ipv4Header.CHECKSUM, InternetChecksum.of(sum));
                }
                case IPV6 ->
                    Bytes.put16(to, header + Ipv6Header.PAYLOAD_LENGTH, packetEnd - start[i] - Ipv6Header.LENGTH);
                case UDP -> Bytes.put16(to, header + UdpHeader.DATAGRAM_LENGTH, packetEnd - start[i]);
                case GRE -> {
                    // Its checksum follows after all that it covers.
                }
            }
        }
        long from = payload(segment);
        long payloadSum = InternetChecksum.sum(memory, from, from + payload);
        if (tcp) {
            writeTcp(segment, to, at);
        } else {
            Bytes.put16(to, at + transport + UdpHeader.DATAGRAM_LENGTH, packetEnd - transport);
        }
        int field = transport + checksumField();
        finish(to, at, transport, field, payloadSum + pseudoHeader(to, at, layers - 1, packetEnd - transport), !tcp);
        for (int i = layers - 1; i >= 0; i--) {
            int header = start[i];
            if (layer[i] == Layer.GRE) {
                finish(to, at, header, header + GRE_CHECKSUM, payloadSum, false);
            } else if (layer[i] == Layer.UDP && Bytes.u16(to, at + header + UdpHeader.CHECKSUM) != 0) {
                long sum = payloadSum + pseudoHeader(to, at, i - 1, packetEnd - header);
                finish(to, at, header, header + UdpHeader.CHECKSUM, sum, true);
            }
        }
    }

    private void writeTcp(int segment, MemorySegment to, long at) {
        long header = at + transport;
        int sequence = Bytes.i32(to, header + TcpHeader.SEQUENCE) + segment * segmentLength;
        Bytes.put32(to, header + TcpHeader.SEQUENCE, sequence);
        int flags = Bytes.u8(to, header + TcpHeader.FLAGS);
        if (segment > 0) {
            flags &= ~TcpFlags.CWR;
        }
        if (segment < segments - 1) {
            flags &= ~(TcpFlags.FIN | TcpFlags.PSH);
        }
        Bytes.put8(to, header + TcpHeader.FLAGS, flags);
    }

    /**
     * Writes the checksum that covers all from {@code header} on. All headers have an even length, so that the payload's sum can
     * be added as it is.
     *
     * @param beyond sum of the payload and of the pseudo-header
     * @param neverZero true: 0 is written as 0xffff, because 0 says that there is no checksum (RFC 768)
     */
    private void finish(MemorySegment to, long at, int header, int field, long beyond, boolean neverZero) {
        Bytes.put16(to, at + field, 0);
        long sum = beyond + InternetChecksum.sum(to, at + header, at + headersLength);
        Bytes.put16(to, at + field, neverZero ? InternetChecksum.nonZeroOf(sum) : InternetChecksum.of(sum));
    }

    private long pseudoHeader(MemorySegment to, long at, int ip, int covered) {
        long header = at + start[ip];
        boolean isV6 = layer[ip] == Layer.IPV6;
        long addresses = header + (isV6 ? Ipv6Header.SOURCE : Ipv4Header.SOURCE);
        int protocol = tcp && ip == layers - 1 ? IpProtocol.TCP : IpProtocol.UDP;
        long end = header + (isV6 ? Ipv6Header.LENGTH : Ipv4Header.LENGTH);
        return InternetChecksum.sum(to, addresses, end) + covered + protocol;
    }
}
