package io.portcullis.port.ring;

import io.portcullis.net.IpProtocol;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Random frames of every kind that a steering program distinguishes, whole and cut ones. Accessors tell the known properties of
 * the last one.
 */
final class RandomFrames {
    private static final int[] EXTENSIONS = {
        IpProtocol.ROUTING, IpProtocol.DESTINATION_OPTIONS, IpProtocol.MOBILITY, IpProtocol.HIP, IpProtocol.SHIM6
    };
    private static final int[] QUERIES = {8, 0, 13, 14, 5, 9};
    private static final int[] V6_QUERIES = {128, 129, 133, 135, 137, 5, 100};
    private static final int[] ERRORS = {3, 4, 11, 12};
    private static final int[] V6_ERRORS = {1, 2, 3, 4};
    private static final int[] OTHERS = {4, 41, 47, 50, 51, 59, 89};
    private static final String[] IP_OPTIONS = {"94040000", "01010101010101", "9404000001010101"};
    private static final int SHORTEST = 18;

    private final SplittableRandom random;
    private byte @Nullable [] quoted;
    private boolean followed;
    private boolean cut;

    RandomFrames(long seed) {
        random = new SplittableRandom(seed);
    }

    private boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    private int any(int... of) {
        return of[random.nextInt(of.length)];
    }

    /** Some far apart, some neighbours. */
    String address(boolean v6) {
        boolean near = random.nextBoolean();
        if (!v6) {
            return near
                    ? "10.0." + random.nextInt(2) + "." + random.nextInt(256)
                    : (1 + random.nextInt(223)) + "." + random.nextInt(256) + "." + random.nextInt(256) + "."
                            + random.nextInt(256);
        }
        StringBuilder text = new StringBuilder("2001:db8");
        for (int i = 2; i < 8; i++) {
            text.append(':').append(Integer.toHexString(near && i < 7 ? 1 : random.nextInt(0x10000)));
        }
        return text.toString();
    }

    /** A frame with the whole of the IP packet whose first bytes the last frame quotes, or null. */
    byte @Nullable [] quoted() {
        return quoted;
    }

    /** False: a fragment, or a packet behind a fragment header or more extension headers than the program looks through. */
    boolean isFollowed() {
        return followed;
    }

    /** True: the frame may end anywhere. */
    boolean isCut() {
        return cut;
    }

    /** The next one. */
    byte[] next() {
        quoted = null;
        followed = true;
        cut = false;
        if (oneIn(25)) {
            byte[] rest = new byte[random.nextInt(60)];
            random.nextBytes(rest);
            return Frame.ethernet("ffffffffffff", any(0x0806, 0x88cc, 0x88b5, 0x0026, 0x9000), rest);
        }
        boolean v6 = random.nextBoolean();
        String source = address(v6);
        String destination = address(v6);
        Frame about = oneIn(2) ? null : quotable(v6, oneIn(4) ? address(v6) : destination, source);
        byte[] data = new byte[random.nextInt(200)];
        Frame frame;
        if (about != null) {
            // Some types that are no errors have a quote as well: a redirect.
            int type = oneIn(8) ? any(v6 ? V6_QUERIES : QUERIES) : any(v6 ? V6_ERRORS : ERRORS);
            data = quote(about.ip());
            frame = Frame.icmp(source, destination, type, 0, 0).payload(data);
        } else {
            frame = packet(v6, source, destination);
        }
        int extensions = random.nextBoolean() ? 0 : random.nextInt(7);
        boolean fragmentHeader = false;
        if (v6) {
            fragmentHeader = extend(frame, extensions);
        } else if (oneIn(3)) {
            frame.ipOptions(IP_OPTIONS[random.nextInt(IP_OPTIONS.length)]);
        }
        boolean fragment = oneIn(6);
        if (fragment) {
            frame.payload(Arrays.copyOf(data, data.length / 8 * 8 + 8));
            frame.fragment(oneIn(2) ? 0 : 8 * (3 + random.nextInt(1_000)), true);
        }
        tag(frame);
        if (oneIn(4)) {
            frame.padding(random.nextInt(50));
        }
        followed = !fragmentHeader && !fragment && (!v6 || extensions <= Steering.EXTENSIONS);
        quoted = about == null || fragment ? null : about.bytes();
        byte[] bytes = frame.bytes();
        cut = oneIn(8);
        return cut ? Arrays.copyOf(bytes, Math.min(bytes.length, SHORTEST + random.nextInt(bytes.length))) : bytes;
    }

    /** An IP packet without options or tags. */
    private Frame packet(boolean v6, String source, String destination) {
        int port = random.nextInt(0x10000);
        Frame frame = switch (random.nextInt(6)) {
            case 0, 1 -> Frame.tcp(source, port, destination, 443, TcpFlags.ACK);
            case 2, 3 -> Frame.udp(source, port, destination, 53);
            case 4 -> Frame.icmp(source, destination, any(v6 ? V6_QUERIES : QUERIES), 0, port);
            default -> Frame.ip(any(OTHERS), source, destination);
        };
        return frame.payload(random.nextInt(80));
    }

    /** A packet that an error may quote: with options and extension headers, sometimes a fragment or an error itself. */
    private Frame quotable(boolean v6, String source, String destination) {
        Frame frame = oneIn(10)
                ? Frame.icmp(source, destination, any(v6 ? V6_ERRORS : ERRORS), 0, 0)
                        .payload(40)
                : packet(v6, source, destination);
        if (v6) {
            extend(frame, random.nextBoolean() ? 0 : random.nextInt(4));
        } else if (oneIn(3)) {
            frame.ipOptions(IP_OPTIONS[random.nextInt(IP_OPTIONS.length)]);
        }
        if (oneIn(8)) {
            frame.payload(64).fragment(oneIn(2) ? 0 : 800, true);
        }
        return frame;
    }

    private byte[] quote(byte[] ip) {
        return oneIn(3) ? Arrays.copyOf(ip, random.nextInt(ip.length + 1)) : ip;
    }

    /** True: one of them is a fragment header, though of a datagram that is whole. */
    private boolean extend(Frame frame, int extensions) {
        boolean fragmentHeader = false;
        for (int i = 0; i < extensions; i++) {
            if (i == 0 && oneIn(2)) {
                frame.extension(IpProtocol.HOP_BY_HOP, 8);
            } else if (!fragmentHeader && oneIn(12)) {
                frame.fragmentHeader(0, false);
                fragmentHeader = true;
            } else {
                frame.extension(any(EXTENSIONS), 8 * (1 + random.nextInt(4)));
            }
        }
        return fragmentHeader;
    }

    private void tag(Frame frame) {
        int tags = oneIn(3) ? 1 + random.nextInt(2) : 0;
        for (int i = 0; i < tags; i++) {
            frame.tag(any(0x8100, 0x8100, 0x88a8), random.nextInt(0x10000));
        }
    }
}
