package io.portcullis.fastpath;

import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.Frame;
import java.util.Random;

/** Frames of one random flow, near the borders of what may pass, and of what may be forwarded. */
final class RandomTraffic {
    /** A frame and how it differs from one that is always forwarded; the borders of windows aside. */
    record Sent(Frame frame, Direction direction, boolean odd) {}

    /** The windows of a connection: what the sender has sent and may send, and what its peer has and may. */
    record Windows(int end, int maxEnd, int peerEnd, int peerMaxEnd, int peerWindow, int window) {}

    private static final byte[] TIMESTAMP =
            new Frame.Octets().hex("0101080a").u32(1).u32(2).toBytes();

    private final Random random;
    final boolean v6;
    final int vlan;
    final Kind kind;
    final boolean beganInside;
    final int outsidePort;
    final int insidePort;

    /** The protocol of the flow. */
    enum Kind {
        TCP,
        UDP,
        ECHO
    }

    RandomTraffic(Random random) {
        this.random = random;
        v6 = random.nextBoolean();
        vlan = random.nextInt(3) == 0 ? random.nextInt(4096) : 0;
        kind = random.nextInt(10) < 7 ? Kind.TCP : random.nextInt(3) < 2 ? Kind.UDP : Kind.ECHO;
        beganInside = random.nextBoolean();
        outsidePort = random.nextInt(65_536);
        insidePort = random.nextInt(65_536);
    }

    private boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }

    String address(boolean outside) {
        return v6 ? outside ? "2001:db8::1" : "2001:db8::2:2" : outside ? "192.0.2.1" : "198.51.100.2";
    }

    Frame tcp(Direction direction, int flags) {
        boolean in = direction == Direction.INGRESS;
        return Frame.tcp(
                address(in), in ? outsidePort : insidePort, address(!in), in ? insidePort : outsidePort, flags);
    }

    Frame udp(Direction direction) {
        boolean in = direction == Direction.INGRESS;
        return Frame.udp(address(in), in ? outsidePort : insidePort, address(!in), in ? insidePort : outsidePort);
    }

    /** A request in the direction of the flow's first, or the reply to it. */
    Frame echo(Direction direction) {
        boolean request = (direction == Direction.EGRESS) == beganInside;
        int type = v6 ? request ? 128 : 129 : request ? 8 : 0;
        return Frame.icmp(
                address(direction == Direction.INGRESS), address(direction == Direction.EGRESS), type, 0, outsidePort);
    }

    Direction anyDirection() {
        return random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS;
    }

    /** The next frame in this direction; for TCP near these windows. */
    Sent next(Direction direction, Windows windows) {
        Frame frame = switch (kind) {
            case TCP -> segment(direction, windows);
            case UDP -> udp(direction);
            case ECHO -> echo(direction);
        };
        if (kind != Kind.TCP) {
            frame.payload(bytes(length()));
        }
        return new Sent(frame, direction, spoil(frame));
    }

    private int length() {
        return switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> random.nextInt(32);
            case 2 -> random.nextInt(1400);
            default -> oneIn(8) ? 1430 + random.nextInt(200) : 255 + random.nextInt(4);
        };
    }

    private byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private Frame segment(Direction direction, Windows windows) {
        int length = length();
        int flags = switch (random.nextInt(24)) {
            case 0 -> TcpFlags.ACK | TcpFlags.FIN;
            case 1 -> oneIn(2) ? TcpFlags.RST : TcpFlags.RST | TcpFlags.ACK;
            case 2 -> oneIn(2) ? TcpFlags.SYN : TcpFlags.SYN | TcpFlags.ACK;
            case 3 -> random.nextInt(256);
            default -> TcpFlags.ACK | random.nextInt(16) << 5 & 0xe0 | (random.nextBoolean() ? TcpFlags.PSH : 0);
        };
        int sequence = switch (random.nextInt(8)) {
            case 0 -> windows.maxEnd - length + random.nextInt(3) - 1;
            case 1 -> windows.end - windows.peerWindow - length + random.nextInt(3) - 1;
            case 2 -> windows.maxEnd + random.nextInt(3) - 1;
            case 3 -> windows.end - random.nextInt(3000);
            case 4 -> oneIn(4) ? random.nextInt() : windows.end - length;
            default -> windows.end;
        };
        Frame frame = tcp(direction, flags)
                .numbers(sequence, acknowledgment(windows))
                .window(oneIn(12) ? random.nextInt(2) : random.nextInt(65_536))
                .payload(bytes(length));
        options(frame, windows);
        return frame;
    }

    private int acknowledgment(Windows windows) {
        return switch (random.nextInt(8)) {
            case 0 -> windows.peerEnd + random.nextInt(3) - 1;
            case 1 -> windows.peerEnd - Math.max(66_000, windows.window) + random.nextInt(3) - 1;
            case 2 -> windows.peerMaxEnd + random.nextInt(3) - 1;
            case 3 -> oneIn(4) ? random.nextInt() : windows.peerEnd - random.nextInt(70_000);
            default -> windows.peerEnd - random.nextInt(3000);
        };
    }

    private void options(Frame frame, Windows windows) {
        switch (random.nextInt(8)) {
            case 0, 1 -> {
                // None.
            }
            case 2, 3 -> frame.tcpOptions(TIMESTAMP);
            case 4, 5, 6 -> {
                Frame.Octets options = new Frame.Octets();
                boolean stamped = random.nextBoolean();
                int blocks = 1 + random.nextInt(stamped ? 3 : 4);
                if (stamped) {
                    options.bytes(TIMESTAMP);
                }
                options.hex("010105").u8(2 + 8 * blocks);
                for (int i = 0; i < blocks; i++) {
                    int edge = acknowledgment(windows);
                    options.u32(edge - 100).u32(edge);
                }
                frame.tcpOptions(options.toBytes());
            }
            default -> frame.tcpOptions(bytes(4 * random.nextInt(11)));
        }
    }

    /** True: the frame is not one that is always forwarded. */
    private boolean spoil(Frame frame) {
        switch (random.nextInt(40)) {
            case 0 -> frame.wrongChecksum(1 + random.nextInt(65_535));
            case 1 -> {
                if (v6) {
                    frame.extension(60, 8);
                } else {
                    frame.ipOptions("01010101");
                }
            }
            case 2 -> frame.fragment(oneIn(2) ? 0 : 64, true);
            case 3 -> frame.udpLength(random.nextInt(64));
            case 4, 5 -> {
                frame.unfinishedChecksum();
                return kind == Kind.ECHO && !v6;
            }
            case 6, 7 -> {
                frame.padding(1 + random.nextInt(20));
                return false;
            }
            default -> {
                return false;
            }
        }
        return true;
    }
}
