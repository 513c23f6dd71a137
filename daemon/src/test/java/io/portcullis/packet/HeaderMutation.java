package io.portcullis.packet;

import io.portcullis.net.IpProtocol;
import io.portcullis.testing.Frame;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Changes the headers of a valid frame: flipped bits, a cut, one more tag, option or extension header. Lengths are mostly
 * adjusted, and so is the IPv4 header's checksum.
 */
final class HeaderMutation {
    private static final int[] EXTENSIONS = {
        IpProtocol.HOP_BY_HOP,
        IpProtocol.ROUTING,
        IpProtocol.FRAGMENT,
        IpProtocol.DESTINATION_OPTIONS,
        IpProtocol.DESTINATION_OPTIONS,
        IpProtocol.MOBILITY
    };
    /** IPv4 options of 8 bytes: a timestamp, a router alert, loose and strict source routes, one cut, one unknown. */
    private static final String[] OPTIONS = {
        "4408050000000000",
        "9404000001010101",
        "8307040a00000100",
        "8907040a00000100",
        "4420050000000000",
        "1e080a0000000000"
    };

    private final SplittableRandom random;

    HeaderMutation(SplittableRandom random) {
        this.random = random;
    }

    byte[] mutated(byte[] frame) {
        byte[] result = frame;
        for (int n = random.nextInt(1, 3); n > 0; n--) {
            result = switch (random.nextInt(8)) {
                case 0, 1, 2 -> flipped(result);
                case 3 -> Arrays.copyOf(result, random.nextInt(1, result.length + 1));
                case 4 -> tagged(result);
                case 5, 6 -> extended(result);
                default -> shortened(result);
            };
        }
        if (random.nextInt(8) > 0) {
            Frame.repairIpv4(result);
        }
        return result;
    }

    private byte[] flipped(byte[] frame) {
        byte[] result = frame.clone();
        if (result.length > 0) {
            result[random.nextInt(Math.min(90, result.length))] ^= (byte) (1 << random.nextInt(8));
        }
        return result;
    }

    private byte[] tagged(byte[] frame) {
        if (frame.length < 14) {
            return frame;
        }
        byte[] tag = new Frame.Octets()
                .u16(random.nextInt(4) == 0 ? 0x88a8 : 0x8100)
                .u16(random.nextInt())
                .toBytes();
        return inserted(frame, 12, tag);
    }

    /** One more IPv4 option or IPv6 extension header, right behind the IP header. */
    private byte[] extended(byte[] frame) {
        int network = Frame.network(frame);
        if (network + 40 > frame.length) {
            return frame;
        }
        byte[] piece = new byte[8];
        byte[] result;
        if (frame[network] >>> 4 == 4) {
            piece = new Frame.Octets()
                    .hex(OPTIONS[random.nextInt(OPTIONS.length)])
                    .toBytes();
            result = inserted(frame, network + 20, piece);
            result[network] = (byte) (result[network] + 2);
            lengthen(result, network + 2, piece.length);
        } else {
            int next = frame[network + 6];
            piece[0] = (byte) next;
            int type = EXTENSIONS[random.nextInt(EXTENSIONS.length)];
            piece[2] = (byte) (type == IpProtocol.FRAGMENT ? random.nextInt(3) : random.nextInt(2) * 4);
            piece[3] = (byte) (type == IpProtocol.FRAGMENT ? random.nextInt(256) & 0xf9 : 0);
            result = inserted(frame, network + 40, piece);
            result[network + 6] = (byte) type;
            lengthen(result, network + 4, piece.length);
        }
        return result;
    }

    /** A smaller length, down to nothing. */
    private byte[] shortened(byte[] frame) {
        int network = Frame.network(frame);
        if (network + 40 > frame.length) {
            return frame;
        }
        byte[] result = frame.clone();
        boolean v4 = result[network] >>> 4 == 4;
        Frame.put16(result, network + (v4 ? 2 : 4), (v4 ? 20 : 0) + random.nextInt(24));
        return result;
    }

    private static void lengthen(byte[] frame, int at, int by) {
        Frame.put16(frame, at, ((frame[at] & 0xff) << 8 | frame[at + 1] & 0xff) + by);
    }

    private static byte[] inserted(byte[] frame, int at, byte[] piece) {
        return new Frame.Octets()
                .bytes(Arrays.copyOf(frame, at))
                .bytes(piece)
                .bytes(Arrays.copyOfRange(frame, at, frame.length))
                .toBytes();
    }
}
