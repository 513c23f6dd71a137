package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import java.lang.foreign.MemorySegment;

/**
 * A run of UDP datagrams of one flow that can travel as one super-frame: a NIC, or the stack that receives it, cuts it into
 * the very same datagrams (UDP segmentation, as {@code UDP_SEGMENT} of udp(7) makes it). All have the same headers and the
 * same length of payload, but the last, which may have less. Finding one changes nothing and copies nothing.
 *
 * <p>What could not be told apart afterwards is left alone: fragments, IPv4 options, IPv6 extension headers, a checksum of
 * zero or one that nobody has found right (the cut datagrams get new ones), an IPv4 identification that counts differently
 * where it means something (RFC 6864).
 *
 * <p>Only neighbours in a batch are looked at: senders that send much send runs. Used again and again by one thread.
 */
public final class UdpGsoRun {
    /** Bytes of the longest headers: Ethernet with two tags, IPv6, UDP. */
    public static final int LONGEST_HEADERS = 14 + 8 + 40 + 8;

    /** A super-frame has so many bytes from layer 3 on at the most. */
    private static final int LONGEST = 65_535;

    private static final int MAC_ADDRESSES = 12;
    private static final int ETHERNET_HEADER = 14;
    private static final int TAG = 4;
    private static final int LONGEST_LINK_HEADER = ETHERNET_HEADER + 2 * TAG;
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;

    private static final int IPV4_HEADER = 20;
    private static final int IPV4_WITHOUT_OPTIONS = 0x45;
    private static final int IPV4_LENGTH = 2;
    private static final int IPV4_IDENTIFICATION = 4;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_ADDRESSES = 12;
    private static final int IPV4_ADDRESSES_END = 20;
    private static final int DO_NOT_FRAGMENT = 0x4000;

    private static final int IPV6_HEADER = 40;
    private static final int IPV6_LENGTH = 4;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int IPV6_ADDRESSES = 8;
    private static final int IPV6_ADDRESSES_END = 40;

    private static final int UDP_HEADER = 8;
    private static final int UDP_LENGTH = 4;
    private static final int UDP_CHECKSUM = 6;

    private MemorySegment memory = MemorySegment.NULL;
    private long first;
    private int network;
    private int transport;
    private boolean v6;
    private int segmentLength;
    private int payloadLength;
    private int datagrams;
    private boolean closed;

    /** A train of nothing. */
    public UdpGsoRun() {}

    /**
     * Begins with a frame of a batch.
     *
     * @param mtuLength of the NIC that the frame leaves by, bytes from layer 3 on
     * @return false: this frame goes alone
     */
    public boolean begin(Batch batch, int i, int mtuLength) {
        memory = batch.memory();
        first = batch.offset(i);
        int length = batch.length(i);
        if (length < ETHERNET_HEADER + IPV4_HEADER + UDP_HEADER || batch.segmentLength(i) != 0) {
            return false;
        }
        network = ETHERNET_HEADER;
        int type = Bytes.u16(memory, first + MAC_ADDRESSES);
        while (type == VLAN || type == SERVICE_VLAN) {
            if (network == LONGEST_LINK_HEADER || length < network + TAG + IPV4_HEADER + UDP_HEADER) {
                return false;
            }
            type = Bytes.u16(memory, first + network + 2);
            network += TAG;
        }
        int datagram;
        if (type == Packet.IPV4) {
            v6 = false;
            transport = network + IPV4_HEADER;
            if (Bytes.u8(memory, first + network) != IPV4_WITHOUT_OPTIONS
                    || Bytes.u8(memory, first + network + 9) != IpProtocol.UDP
                    || (Bytes.u16(memory, first + network + IPV4_FRAGMENT) & ~DO_NOT_FRAGMENT) != 0) {
                return false;
            }
            datagram = Bytes.u16(memory, first + network + IPV4_LENGTH) - IPV4_HEADER;
        } else if (type == Packet.IPV6) {
            v6 = true;
            transport = network + IPV6_HEADER;
            if (length < transport + UDP_HEADER
                    || Bytes.u8(memory, first + network + IPV6_NEXT_HEADER) != IpProtocol.UDP) {
                return false;
            }
            datagram = Bytes.u16(memory, first + network + IPV6_LENGTH);
        } else {
            return false;
        }
        if (!isWhole(batch, i, datagram) || transport - network + datagram > mtuLength) {
            return false;
        }
        segmentLength = datagram - UDP_HEADER;
        payloadLength = segmentLength;
        datagrams = 1;
        closed = segmentLength == 0;
        return true;
    }

    /** The lengths agree, and a new checksum says no more than the old one. */
    private boolean isWhole(Batch batch, int i, int datagram) {
        long udp = batch.offset(i) + transport;
        if (datagram < UDP_HEADER
                || batch.length(i) < transport + datagram
                || Bytes.u16(memory, udp + UDP_LENGTH) != datagram) {
            return false;
        }
        return switch (batch.checksum(i)) {
            case UNKNOWN -> false;
            case VERIFIED -> Bytes.u16(memory, udp + UDP_CHECKSUM) != 0;
            case PARTIAL -> batch.checksumStart(i) == transport && batch.checksumField(i) == transport + UDP_CHECKSUM;
        };
    }

    /**
     * Takes a frame in, the next one of the same batch.
     *
     * @return false: it does not belong here
     */
    public boolean append(Batch batch, int i) {
        if (closed || batch.segmentLength(i) != 0 || batch.length(i) < transport + UDP_HEADER) {
            return false;
        }
        long frame = batch.offset(i);
        int before = network + (v6 ? IPV6_LENGTH : IPV4_LENGTH);
        int datagram = Bytes.u16(memory, frame + before) - (v6 ? 0 : IPV4_HEADER);
        int payload = datagram - UDP_HEADER;
        if (payload <= 0
                || payload > segmentLength
                || transport - network + UDP_HEADER + payloadLength + payload > LONGEST
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
        int id = network + IPV4_IDENTIFICATION;
        int fragment = network + IPV4_FRAGMENT;
        // Of what may not be fragmented the identification means nothing; else the NIC counts on from the first one's.
        boolean counts = Bytes.u16(memory, first + fragment) == DO_NOT_FRAGMENT
                || Bytes.u16(memory, frame + id) == (Bytes.u16(memory, first + id) + datagrams & 0xffff);
        return counts
                && isSame(frame, fragment, network + IPV4_CHECKSUM)
                && isSame(frame, network + IPV4_ADDRESSES, network + IPV4_ADDRESSES_END);
    }

    private boolean isSameIpv6(long frame) {
        return isSame(frame, network + IPV6_NEXT_HEADER, network + IPV6_ADDRESSES_END);
    }

    private boolean isSame(long frame, int from, int to) {
        return MemorySegment.mismatch(memory, first + from, first + to, memory, frame + from, frame + to) < 0;
    }

    /** How many frames it holds. */
    public int datagrams() {
        return datagrams;
    }

    /** Bytes of payload in each but the last. */
    public int segmentLength() {
        return segmentLength;
    }

    /** Bytes from the start of a frame to the UDP header: where the checksum begins. */
    public int checksumStart() {
        return transport;
    }

    /** Bytes from there to the checksum. */
    public int checksumField() {
        return UDP_CHECKSUM;
    }

    /** Bytes from the start of each frame to its payload, {@link #LONGEST_HEADERS} at the most. */
    public int headersLength() {
        return transport + UDP_HEADER;
    }

    /** Bytes of payload of frame {@code i} of the batch, which belongs to this train. */
    public int payloadLength(Batch batch, int i) {
        return Bytes.u16(memory, batch.offset(i) + transport + UDP_LENGTH) - UDP_HEADER;
    }

    /**
     * Writes the headers of the super-frame: those of the first frame, with the length of all. The UDP checksum is left
     * unfinished.
     */
    public void writeHeaders(MemorySegment to, long at) {
        MemorySegment.copy(memory, first, to, at, headersLength());
        int datagram = UDP_HEADER + payloadLength;
        long ip = at + network;
        if (v6) {
            Bytes.put16(to, ip + IPV6_LENGTH, datagram);
        } else {
            Bytes.put16(to, ip + IPV4_LENGTH, IPV4_HEADER + datagram);
            Bytes.put16(to, ip + IPV4_CHECKSUM, 0);
            int sum = TransportChecksum.fold(TransportChecksum.sum(to, ip, ip + IPV4_HEADER));
            Bytes.put16(to, ip + IPV4_CHECKSUM, ~sum);
        }
        long addresses = ip + (v6 ? IPV6_ADDRESSES : IPV4_ADDRESSES);
        long addressesEnd = ip + (v6 ? IPV6_ADDRESSES_END : IPV4_ADDRESSES_END);
        Bytes.put16(to, at + transport + UDP_LENGTH, datagram);
        Bytes.put16(
                to,
                at + transport + UDP_CHECKSUM,
                TransportChecksum.fold(TransportChecksum.sum(to, addresses, addressesEnd) + datagram + IpProtocol.UDP));
    }
}
