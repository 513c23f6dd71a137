package io.portcullis.cli.replay;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** A pcap file under construction, with nanoseconds (draft-ietf-opsawg-pcap), a second between two frames. */
final class CaptureBytes {
    static final int ETHERNET = 1;
    static final int RAW = 101;
    static final int COOKED = 113;
    static final int COOKED_V2 = 276;

    static final long START_S = 1_700_000_000L;
    private static final int MAGIC_NS = 0xa1b23c4d;
    private static final int SNAP_LENGTH = 262_144;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private long second = START_S;

    CaptureBytes(int linkType) {
        out.writeBytes(buffer(24)
                .putInt(MAGIC_NS)
                .putShort((short) 2)
                .putShort((short) 4)
                .putInt(0)
                .putInt(0)
                .putInt(SNAP_LENGTH)
                .putInt(linkType)
                .array());
    }

    private static ByteBuffer buffer(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }

    CaptureBytes add(byte[] frame) {
        return addCut(frame, frame.length);
    }

    /** A frame of which the capture has the first bytes only. */
    CaptureBytes addCut(byte[] frame, int present) {
        out.writeBytes(buffer(16)
                .putInt((int) second)
                .putInt(123_456_789)
                .putInt(present)
                .putInt(frame.length)
                .array());
        out.writeBytes(Arrays.copyOf(frame, present));
        second++;
        return this;
    }

    /** The next frame is so much later, or earlier. */
    CaptureBytes sleep(long seconds) {
        second += seconds;
        return this;
    }

    /** A Linux cooked header (sll_pkttype, ARPHRD type) and a packet without its Ethernet header. */
    static byte[] cooked(int packetType, int hardware, int etherType, byte[] packet) {
        return ByteBuffer.allocate(16 + packet.length)
                .putShort((short) packetType)
                .putShort((short) hardware)
                .putShort((short) 6)
                .put(new byte[] {2, 0, 0, 0, 0, 9, 0, 0})
                .putShort((short) etherType)
                .put(packet)
                .array();
    }

    /** The same in the second version. */
    static byte[] cookedV2(int packetType, int hardware, int etherType, byte[] packet) {
        return ByteBuffer.allocate(20 + packet.length)
                .putShort((short) etherType)
                .putShort((short) 0)
                .putInt(2)
                .putShort((short) hardware)
                .put((byte) packetType)
                .put((byte) 6)
                .put(new byte[] {2, 0, 0, 0, 0, 9, 0, 0})
                .put(packet)
                .array();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    Path write(Path file) throws IOException {
        return Files.write(file, toBytes());
    }
}
