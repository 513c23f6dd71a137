package io.portcullis.packet;

import io.portcullis.packet.wire.Bytes;
import io.portcullis.packet.wire.TcpHeader;
import java.lang.foreign.MemorySegment;

/** The TCP options that window tracking needs (RFC 7323 window scale, RFC 2018 selective acknowledgment). */
public final class TcpOptions {
    /** {@link #windowScale} without that option. */
    public static final int ABSENT = -1;

    private static final int END = 0;
    private static final int NOP = 1;
    private static final int WINDOW_SCALE = 3;
    private static final int SACK_PERMITTED = 4;
    private static final int SACK = 5;
    private static final int MAX_WINDOW_SCALE = 14;
    private static final int TIMESTAMP_LENGTH = 12;
    /** Two times NOP, kind 8, length 10. */
    private static final int TIMESTAMP_START = 0x0101_080a;

    private int windowScale = ABSENT;
    private boolean sackPermitted;
    private boolean sackSeen;
    private int highestSack;

    /** Options of no segment yet. */
    public TcpOptions() {}

    /** True: a TCP segment has no options, or a timestamp alone, aligned as in RFC 7323, appendix A. */
    public static boolean arePlain(Packet packet) {
        int length = packet.tcpHeaderLength - TcpHeader.LENGTH;
        return length == 0
                || length == TIMESTAMP_LENGTH
                        && Bytes.i32(packet.memory, packet.transport + TcpHeader.LENGTH) == TIMESTAMP_START;
    }

    /** Reads the options of a TCP segment. */
    public void read(Packet packet) {
        read(packet.memory, packet.transport + TcpHeader.LENGTH, packet.transport + packet.tcpHeaderLength);
    }

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
                    // No other option concerns windows.
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

    /** Shift count, at most 14, or {@link #ABSENT}. */
    public int windowScale() {
        return windowScale;
    }

    /** True: the sender accepts selective acknowledgments. */
    public boolean isSackPermitted() {
        return sackPermitted;
    }

    /** The higher of {@code acknowledgment} and the right edges of all SACK blocks, modulo 2^32. */
    public int highestAcknowledged(int acknowledgment) {
        return sackSeen && highestSack - acknowledgment > 0 ? highestSack : acknowledgment;
    }
}
