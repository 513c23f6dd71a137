package io.portcullis.packet;

import io.portcullis.net.EtherType;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.InternetChecksum;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.Ipv6Header;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.packet.wire.VlanTag;
import java.lang.foreign.MemorySegment;

/**
 * A run of UDP datagrams of one flow that can be sent as one super-frame: a NIC, or the stack that receives it, cuts it into
 * the same datagrams (UDP segmentation, as {@code UDP_SEGMENT} of udp(7)). All have the same headers and the same payload
 * length, except that the last may be shorter. Finding a run changes nothing and copies nothing.
 *
 * <p>A datagram joins no run if the cut would not restore it: fragments, IPv4 options, IPv6 extension headers, a checksum that
 * is zero or not verified (the cut datagrams get new ones), an IPv4 identification that does not count on where it matters
 * (RFC 6864).
 *
 * <p>A run consists of neighbours in a batch: fast senders send runs. Reused, by one thread.
 */
public final class UdpGsoRun {
    private static final int MAX_LINK_HEADER = EthernetHeader.LENGTH + 2 * VlanTag.LENGTH;

    /** Bytes of the longest headers: Ethernet with two tags, IPv6, UDP. */
    public static final int LONGEST_HEADERS = MAX_LINK_HEADER + Ipv6Header.LENGTH + UdpHeader.LENGTH;

    /** Bytes of the longest super-frame, from layer 3 on. */
    private static final int MAX_PACKET = 65_535;

    private MemorySegment memory = MemorySegment.NULL;
    private long first;
    private int network;
    private int transport;
    private boolean v6;
    private int segmentLength;
    private int payloadLength;
    private int datagrams;
    private boolean closed;

    /** An empty run. */
    public UdpGsoRun() {}

    /**
     * Begins a run with a frame of a batch.
     *
     * @param mtuLength MTU of the NIC that will send the frame, bytes from layer 3 on
     * @return false: this frame begins no run
     */
    public boolean begin(Batch batch, int i, int mtuLength) {
        memory = batch.memory();
        first = batch.offset(i);
        int length = batch.length(i);
        int shortest = Ipv4Header.LENGTH + UdpHeader.LENGTH;
        if (length < EthernetHeader.LENGTH + shortest || batch.segmentLength(i) != 0) {
            return false;
        }
        network = EthernetHeader.LENGTH;
        int type = Bytes.u16(memory, first + EthernetHeader.TYPE);
        while (EtherType.isVlan(type)) {
            if (network == MAX_LINK_HEADER || length < network + VlanTag.LENGTH + shortest) {
                return false;
            }
            type = Bytes.u16(memory, first + network + VlanTag.TYPE);
            network += VlanTag.LENGTH;
        }
        int datagram;
        long ip = first + network;
        if (type == EtherType.IPV4) {
            v6 = false;
            transport = network + Ipv4Header.LENGTH;
            if (Bytes.u8(memory, ip) != Ipv4Header.WITHOUT_OPTIONS
                    || Bytes.u8(memory, ip + Ipv4Header.PROTOCOL) != IpProtocol.UDP
                    || (Bytes.u16(memory, ip + Ipv4Header.FRAGMENT) & ~Ipv4Header.DO_NOT_FRAGMENT) != 0) {
                return false;
            }
            datagram = Bytes.u16(memory, ip + Ipv4Header.TOTAL_LENGTH) - Ipv4Header.LENGTH;
        } else if (type == EtherType.IPV6) {
            v6 = true;
            transport = network + Ipv6Header.LENGTH;
            if (length < transport + UdpHeader.LENGTH
                    || Bytes.u8(memory, ip + Ipv6Header.NEXT_HEADER) != IpProtocol.UDP) {
                return false;
            }
            datagram = Bytes.u16(memory, ip + Ipv6Header.PAYLOAD_LENGTH);
        } else {
            return false;
        }
        if (!isWhole(batch, i, datagram) || transport - network + datagram > mtuLength) {
            return false;
        }
        segmentLength = datagram - UdpHeader.LENGTH;
        payloadLength = segmentLength;
        datagrams = 1;
        closed = segmentLength == 0;
        return true;
    }

    /** True: the lengths agree, and a new checksum would not hide a wrong one. */
    private boolean isWhole(Batch batch, int i, int datagram) {
        long udp = batch.offset(i) + transport;
        if (datagram < UdpHeader.LENGTH
                || batch.length(i) < transport + datagram
                || Bytes.u16(memory, udp + UdpHeader.DATAGRAM_LENGTH) != datagram) {
            return false;
        }
        return switch (batch.checksum(i)) {
            case UNKNOWN -> false;
            case VERIFIED -> Bytes.u16(memory, udp + UdpHeader.CHECKSUM) != 0;
            case PARTIAL ->
                batch.checksumStart(i) == transport && batch.checksumField(i) == transport + UdpHeader.CHECKSUM;
        };
    }

    /**
     * Appends the next frame of the same batch.
     *
     * @return false: it does not belong to this run
     */
    public boolean append(Batch batch, int i) {
        if (closed || batch.segmentLength(i) != 0 || batch.length(i) < transport + UdpHeader.LENGTH) {
            return false;
        }
        long frame = batch.offset(i);
        int before = network + (v6 ? Ipv6Header.PAYLOAD_LENGTH : Ipv4Header.TOTAL_LENGTH);
        int datagram = Bytes.u16(memory, frame + before) - (v6 ? 0 : Ipv4Header.LENGTH);
        int payload = datagram - UdpHeader.LENGTH;
        if (payload <= 0
                || payload > segmentLength
                || transport - network + UdpHeader.LENGTH + payloadLength + payload > MAX_PACKET
                || !isSame(frame, 0, before)
                || !(v6 ? isSameIpv6(frame) : isSameIpv4(frame))
                || Bytes.i32(memory, frame + transport) != Bytes.i32(memory, first + transport)
                || !isWhole(batch, i, datagram)) {
            return false;
        }
        payloadLength += payload;
        datagrams++;
        closed = payload < segmentLength;
        return true;
    }

    private boolean isSameIpv4(long frame) {
        int id = network + Ipv4Header.IDENTIFICATION;
        int fragment = network + Ipv4Header.FRAGMENT;
        // With DF the identification has no meaning (RFC 6864); without it the NIC counts on from the first one.
        boolean counts = Bytes.u16(memory, first + fragment) == Ipv4Header.DO_NOT_FRAGMENT
                || Bytes.u16(memory, frame + id) == (Bytes.u16(memory, first + id) + datagrams & 0xffff);
        return counts
                && isSame(frame, fragment, network + Ipv4Header.CHECKSUM)
                && isSame(frame, network + Ipv4Header.SOURCE, network + Ipv4Header.LENGTH);
    }

    private boolean isSameIpv6(long frame) {
        return isSame(frame, network + Ipv6Header.NEXT_HEADER, network + Ipv6Header.LENGTH);
    }

    private boolean isSame(long frame, int from, int to) {
        return MemorySegment.mismatch(memory, first + from, first + to, memory, frame + from, frame + to) < 0;
    }

    /** Number of frames. */
    public int datagrams() {
        return datagrams;
    }

    /** Bytes of payload in each datagram but the last. */
    public int segmentLength() {
        return segmentLength;
    }

    /** Bytes from the start of a frame to the UDP header, where the sum begins. */
    public int checksumStart() {
        return transport;
    }

    /** Bytes from there to the checksum field. */
    public int checksumField() {
        return UdpHeader.CHECKSUM;
    }

    /** Bytes from the start of each frame to its payload, {@link #LONGEST_HEADERS} at the most. */
    public int headersLength() {
        return transport + UdpHeader.LENGTH;
    }

    /** Bytes of payload of frame {@code i} of the batch, which belongs to this run. */
    public int payloadLength(Batch batch, int i) {
        return Bytes.u16(memory, batch.offset(i) + transport + UdpHeader.DATAGRAM_LENGTH) - UdpHeader.LENGTH;
    }

    /**
     * Writes the headers of the super-frame: those of the first frame, with the length of all. The UDP checksum is
     * unfinished: the folded sum of the pseudo-header.
     */
    public void writeHeaders(MemorySegment to, long at) {
        MemorySegment.copy(memory, first, to, at, headersLength());
        int datagram = UdpHeader.LENGTH + payloadLength;
        long ip = at + network;
        if (v6) {
            Bytes.put16(to, ip + Ipv6Header.PAYLOAD_LENGTH, datagram);
        } else {
            Bytes.put16(to, ip + Ipv4Header.TOTAL_LENGTH, Ipv4Header.LENGTH + datagram);
            Bytes.put16(to, ip + Ipv4Header.CHECKSUM, 0);
            long sum = InternetChecksum.sum(to, ip, ip + Ipv4Header.LENGTH);
            Bytes.put16(to, ip + Ipv4Header.CHECKSUM, InternetChecksum.of(sum));
        }
        long addresses = ip + (v6 ? Ipv6Header.SOURCE : Ipv4Header.SOURCE);
        long addressesEnd = ip + (v6 ? Ipv6Header.LENGTH : Ipv4Header.LENGTH);
        Bytes.put16(to, at + transport + UdpHeader.DATAGRAM_LENGTH, datagram);
        Bytes.put16(
                to,
                at + transport + UdpHeader.CHECKSUM,
                InternetChecksum.fold(InternetChecksum.sum(to, addresses, addressesEnd) + datagram + IpProtocol.UDP));
    }
}
