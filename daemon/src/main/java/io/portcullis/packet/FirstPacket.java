package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * The frame that would open a flow, for those who ask what would become of it: a TCP SYN, a UDP or SCTP header, an ICMP
 * message with its smallest body, or an empty packet of another protocol. Right in all of its checksums but TCP's, which is
 * 0 (who decides about it takes it as verified).
 *
 * @param sourcePort TCP, UDP and SCTP only
 * @param icmpType ICMP and ICMPv6 only
 * @param vlans as {@link Packet#vlans}: the inner id, the outer one 12 bits above; 0: no tag
 */
public record FirstPacket(
        boolean v6,
        int protocol,
        long sourceHigh,
        long sourceLow,
        int sourcePort,
        long destinationHigh,
        long destinationLow,
        int destinationPort,
        int icmpType,
        int icmpCode,
        int vlans) {
    private static final int VLAN = 0x8100;
    private static final int SERVICE_VLAN = 0x88a8;
    private static final int IPV4 = 0x0800;
    private static final int IPV6 = 0x86dd;
    private static final int USUAL_HOPS = 64;
    private static final int WINDOW = 65_535;

    /** Of a SYN, and of the one that answers it. */
    private static final int SEQUENCE = 1;

    private static final int LONGEST = 256;

    /** The frame, from the destination MAC address on. */
    public byte[] frame() {
        return frame(body());
    }

    /**
     * The frame of the SYN+ACK that answers it.
     *
     * @throws IllegalStateException if it is not TCP
     */
    public byte[] answer() {
        if (protocol != IpProtocol.TCP) {
            throw new IllegalStateException("protocol " + protocol + " has no SYN+ACK");
        }
        @SuppressWarnings("ArgumentSelectionDefectChecker") // swapped on purpose: an answer
        FirstPacket back = new FirstPacket(
                v6,
                protocol,
                destinationHigh,
                destinationLow,
                destinationPort,
                sourceHigh,
                sourceLow,
                sourcePort,
                0,
                0,
                vlans);
        return back.frame(back.tcp(TcpFlags.SYN | TcpFlags.ACK, SEQUENCE + 1));
    }

    private byte[] frame(byte[] body) {
        ByteBuffer frame = ByteBuffer.allocate(LONGEST);
        frame.putShort((short) 0x0200).putInt(2).putShort((short) 0x0200).putInt(1);
        if (vlans >>> 12 != 0) {
            frame.putShort((short) SERVICE_VLAN).putShort((short) (vlans >>> 12));
        }
        if (vlans != 0) {
            frame.putShort((short) VLAN).putShort((short) (vlans & 0xfff));
        }
        if (v6) {
            frame.putShort((short) IPV6).putInt(6 << 28).putShort((short) body.length);
            frame.put((byte) protocol).put((byte) hops());
            frame.putLong(sourceHigh)
                    .putLong(sourceLow)
                    .putLong(destinationHigh)
                    .putLong(destinationLow);
        } else {
            frame.putShort((short) IPV4);
            int start = frame.position();
            frame.putShort((short) 0x4500).putShort((short) (20 + body.length)).putInt(0);
            frame.put((byte) USUAL_HOPS).put((byte) protocol).putShort((short) 0);
            frame.putInt((int) sourceLow).putInt((int) destinationLow);
            int sum = TransportChecksum.fold(
                    TransportChecksum.sum(MemorySegment.ofArray(frame.array()), start, frame.position()));
            frame.putShort(start + 10, (short) ~sum);
        }
        frame.put(body);
        byte[] whole = new byte[frame.position()];
        frame.get(0, whole);
        return whole;
    }

    /** Neighbour and listener discovery never cross a router. */
    private int hops() {
        boolean neighbour = isIcmp() && icmpType >= 133 && icmpType <= 137;
        boolean listener = isIcmp() && (icmpType >= 130 && icmpType <= 132 || icmpType == 143);
        return neighbour ? 255 : listener ? 1 : USUAL_HOPS;
    }

    private boolean isIcmp() {
        return protocol == (v6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP);
    }

    private byte[] body() {
        return switch (protocol) {
            case IpProtocol.TCP -> tcp(TcpFlags.SYN, 0);
            case IpProtocol.UDP -> ports(8).putShort(4, (short) 8).array();
            case IpProtocol.SCTP -> ports(12).array();
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> isIcmp() ? icmp() : new byte[8];
            default -> new byte[8];
        };
    }

    private byte[] tcp(int flags, int acknowledged) {
        return ports(20)
                .putInt(4, SEQUENCE)
                .putInt(8, acknowledged)
                .put(12, (byte) 0x50)
                .put(13, (byte) flags)
                .putShort(14, (short) WINDOW)
                .array();
    }

    private ByteBuffer ports(int length) {
        return ByteBuffer.allocate(length).putShort(0, (short) sourcePort).putShort(2, (short) destinationPort);
    }

    private byte[] icmp() {
        int length = !v6
                ? 8
                : switch (icmpType) {
                    case 130, 131, 132, 135, 136 -> 24;
                    case 134 -> 16;
                    case 137 -> 40;
                    default -> 8;
                };
        ByteBuffer body = ByteBuffer.allocate(length).put(0, (byte) icmpType).put(1, (byte) icmpCode);
        long sum = TransportChecksum.sum(MemorySegment.ofArray(body.array()), 0, length);
        if (v6) {
            sum += TransportChecksum.sum(sourceHigh, sourceLow)
                    + TransportChecksum.sum(destinationHigh, destinationLow)
                    + length
                    + protocol;
        }
        return body.putShort(2, (short) ~TransportChecksum.fold(sum)).array();
    }
}
