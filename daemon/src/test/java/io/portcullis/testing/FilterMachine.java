package io.portcullis.testing;

import io.portcullis.linux.packet.SocketFilter;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * The kernel's classic BPF machine, as Documentation/networking/filter.rst has it, for tests: slow, and it refuses what the
 * kernel's checker refuses (net/core/filter.c, {@code bpf_check_classic}). It knows the codes that {@link SocketFilter}
 * names.
 */
public final class FilterMachine {
    private static final int WORDS = 16;

    private final SocketFilter program;

    /** A machine with a program that the kernel would take. */
    public FilterMachine(SocketFilter program) {
        this.program = program;
        check();
    }

    private int code(int at) {
        return (int) program.instruction(at) & 0xffff;
    }

    private int ifTrue(int at) {
        return (int) (program.instruction(at) >>> 16) & 0xff;
    }

    private int ifFalse(int at) {
        return (int) (program.instruction(at) >>> 24) & 0xff;
    }

    private int k(int at) {
        return (int) (program.instruction(at) >>> 32);
    }

    /** Every jump ends inside, no shift is too far, and no word is read that is not written before on every way there. */
    private void check() {
        int length = program.length();
        BitSet[] written = new BitSet[length];
        written[0] = new BitSet(WORDS);
        for (int at = 0; at < length; at++) {
            if (written[at] == null) {
                throw new AssertionError("instruction " + at + " is never reached");
            }
            BitSet after = (BitSet) written[at].clone();
            switch (code(at)) {
                case 0x06, 0x16 -> {
                    continue;
                }
                case 0x05 -> {
                    arrive(written, at, k(at), after);
                    continue;
                }
                case 0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d -> {
                    arrive(written, at, ifTrue(at), after);
                    arrive(written, at, ifFalse(at), after);
                    continue;
                }
                case 0x02, 0x03 -> after.set(k(at));
                case 0x60, 0x61 -> require(after.get(k(at)), at, "reads a word that was not written");
                case 0x64, 0x74 -> require(k(at) >= 0 && k(at) < 32, at, "shifts too far");
                default -> {
                    // Unknown instructions are found at run time.
                }
            }
            arrive(written, at, 0, after);
        }
    }

    private void arrive(BitSet[] written, int from, int skipped, BitSet words) {
        int to = from + 1 + skipped;
        require(skipped >= 0 && to < written.length, from, "goes beyond the end");
        if (written[to] == null) {
            written[to] = (BitSet) words.clone();
        } else {
            written[to].and(words);
        }
    }

    private static void require(boolean holds, int at, String otherwise) {
        if (!holds) {
            throw new AssertionError("instruction " + at + " " + otherwise);
        }
    }

    /**
     * Runs the program over a frame.
     *
     * @param bytes that it reads
     * @param from the position of its first byte
     * @param protocol that the kernel tells it
     * @param packetType that the kernel tells it
     * @return its result, unsigned
     */
    public int run(byte[] bytes, int from, int protocol, int packetType) {
        ByteBuffer frame = ByteBuffer.wrap(bytes, from, bytes.length - from).slice();
        int[] words = new int[WORDS];
        int a = 0;
        int x = 0;
        for (int at = 0; ; at++) {
            int k = k(at);
            switch (code(at)) {
                case 0x00 -> a = k;
                case 0x01 -> x = k;
                case 0x60 -> a = words[k];
                case 0x61 -> x = words[k];
                case 0x80 -> a = frame.capacity();
                case 0x20, 0x28, 0x30 -> {
                    if (k == SocketFilter.SKF_AD_OFF + SocketFilter.SKF_AD_PROTOCOL) {
                        a = protocol;
                    } else if (k == SocketFilter.SKF_AD_OFF + SocketFilter.SKF_AD_PKTTYPE) {
                        a = packetType;
                    } else if (k == SocketFilter.SKF_AD_OFF + SocketFilter.SKF_AD_MARK) {
                        a = 0;
                    } else if (isInside(frame, code(at), k)) {
                        a = read(frame, code(at), k);
                    } else {
                        return 0;
                    }
                }
                case 0x40, 0x48, 0x50 -> {
                    if (!isInside(frame, code(at), x + k)) {
                        return 0;
                    }
                    a = read(frame, code(at), x + k);
                }
                case 0x02 -> words[k] = a;
                case 0x03 -> words[k] = x;
                case 0x04 -> a += k;
                case 0x0c -> a += x;
                case 0x14 -> a -= k;
                case 0x1c -> a -= x;
                case 0x24 -> a *= k;
                case 0x2c -> a *= x;
                case 0x54 -> a &= k;
                case 0x5c -> a &= x;
                case 0xa4 -> a ^= k;
                case 0xac -> a ^= x;
                case 0x64 -> a <<= k;
                case 0x74 -> a >>>= k;
                case 0x05 -> at += k;
                case 0x15 -> at += a == k ? ifTrue(at) : ifFalse(at);
                case 0x1d -> at += a == x ? ifTrue(at) : ifFalse(at);
                case 0x25 -> at += Integer.compareUnsigned(a, k) > 0 ? ifTrue(at) : ifFalse(at);
                case 0x2d -> at += Integer.compareUnsigned(a, x) > 0 ? ifTrue(at) : ifFalse(at);
                case 0x35 -> at += Integer.compareUnsigned(a, k) >= 0 ? ifTrue(at) : ifFalse(at);
                case 0x3d -> at += Integer.compareUnsigned(a, x) >= 0 ? ifTrue(at) : ifFalse(at);
                case 0x45 -> at += (a & k) != 0 ? ifTrue(at) : ifFalse(at);
                case 0x4d -> at += (a & x) != 0 ? ifTrue(at) : ifFalse(at);
                case 0x07 -> x = a;
                case 0x87 -> a = x;
                case 0x06 -> {
                    return k;
                }
                case 0x16 -> {
                    return a;
                }
                default ->
                    throw new AssertionError("instruction " + at + ": no code 0x" + Integer.toHexString(code(at)));
            }
        }
    }

    private static int width(int code) {
        return switch (code & 0x18) {
            case SocketFilter.BPF_W -> 4;
            case SocketFilter.BPF_H -> 2;
            default -> 1;
        };
    }

    private static boolean isInside(ByteBuffer frame, int code, int at) {
        return at >= 0 && at <= frame.capacity() - width(code);
    }

    private static int read(ByteBuffer frame, int code, int at) {
        return switch (width(code)) {
            case 4 -> frame.getInt(at);
            case 2 -> frame.getShort(at) & 0xffff;
            default -> frame.get(at) & 0xff;
        };
    }
}
