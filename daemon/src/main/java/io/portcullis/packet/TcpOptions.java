package io.portcullis.packet;

import java.lang.foreign.MemorySegment;

/** The TCP options that window tracking needs (RFC 7323 window scale, RFC 2018 selective acknowledgment). */
public final class TcpOptions {
    /** {@link #windowScale} where the option is absent. */
    public static final int ABSENT = -1;

    private static final int END = 0;
    private static final int NOP = 1;
    private static final int WINDOW_SCALE = 3;
    private static final int SACK_PERMITTED = 4;
    private static final int SACK = 5;
    private static final int MAX_WINDOW_SCALE = 14;

    private int windowScale = ABSENT;
    private boolean sackPermitted;
    private boolean sackSeen;
    private int highestSack;

    /** Options of no segment yet. */
    public TcpOptions() {}

    void read(MemorySegment memory, long from, long to) {
        windowScale = ABSENT;
        sackPermitted = false;
        sackSeen = false;
        long at = from;
        while (at < to) {
            int kind = Bytes.u8(memory, at);
            if (kind == END) {
                return;
            }
            if (kind == NOP) {
                at++;
                continue;
            }
            if (to - at < 2) {
                return;
            }
            int length = Bytes.u8(memory, at + 1);
            if (length < 2 || length > to - at) {
                return;
            }
            switch (kind) {
                case WINDOW_SCALE -> {
                    if (length == 3) {
                        windowScale = Math.min(Bytes.u8(memory, at + 2), MAX_WINDOW_SCALE);
                    }
                }
                case SACK_PERMITTED -> sackPermitted |= length == 2;
                case SACK -> readSack(memory, at + 2, at + length);
                default -> {
                    // No other option says anything about windows.
                }
            }
            at += length;
        }
    }

    private void readSack(MemorySegment memory, long from, long to) {
        for (long block = from; block + 8 <= to; block += 8) {
            int rightEdge = Bytes.i32(memory, block + 4);
            if (!sackSeen || rightEdge - highestSack > 0) {
                highestSack = rightEdge;
                sackSeen = true;
            }
        }
    }

    /** Shift count, 14 at the most, or {@link #ABSENT}. */
    public int windowScale() {
        return windowScale;
    }

    /** True: the sender can take selective acknowledgments. */
    public boolean isSackPermitted() {
        return sackPermitted;
    }

    /** The higher of {@code acknowledgment} and the right edges of all SACK blocks, modulo 2^32. */
    public int highestAcknowledged(int acknowledgment) {
        return sackSeen && highestSack - acknowledgment > 0 ? highestSack : acknowledgment;
    }
}
