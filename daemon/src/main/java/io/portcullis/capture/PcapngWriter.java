package io.portcullis.capture;

import io.portcullis.net.Direction;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Writes a pcapng file of one section: Ethernet frames of some ports, with nanoseconds, directions and comments
 * (draft-ietf-opsawg-pcapng). Little-endian on every machine. Memory: one buffer of 64 KiB, whatever the length of the file and
 * of its frames. For one thread.
 *
 * <p>A failed write throws a {@link FileSystemException} that names the file; the file then ends in the middle of a block, and the writer
 * can only be closed.
 */
public final class PcapngWriter implements Closeable {
    /** Longest comment in bytes of UTF-8: the length of an option has 16 bits. A longer one is cut. */
    public static final int LONGEST_COMMENT = 0xffff;

    private static final int BUFFER_LENGTH = 1 << 16;

    /** Type, and the total length at the start and at the end. */
    private static final int BLOCK_FRAME = 12;

    private static final int SECTION_HEADER = 0x0a0d0d0a;
    private static final int BYTE_ORDER_MAGIC = 0x1a2b3c4d;
    private static final short MAJOR_VERSION = 1;
    private static final short MINOR_VERSION = 0;
    private static final long UNKNOWN_LENGTH = -1;
    private static final int SECTION_FIELDS = 16;
    private static final short SECTION_OS = 3;
    private static final short SECTION_APPLICATION = 4;

    private static final int INTERFACE_DESCRIPTION = 1;
    private static final short LINKTYPE_ETHERNET = 1;
    private static final int INTERFACE_FIELDS = 8;
    private static final short INTERFACE_NAME = 2;
    private static final short INTERFACE_TEXT = 3;
    private static final short TIMESTAMP_RESOLUTION = 9;
    private static final byte NANOSECONDS = 9;

    private static final int ENHANCED_PACKET = 6;
    private static final int PACKET_FIELDS = 20;
    private static final short PACKET_FLAGS = 2;
    private static final int INBOUND = 1;
    private static final int OUTBOUND = 2;

    private static final int OPTION_HEADER = 4;
    private static final short COMMENT = 1;
    private static final int END_OF_OPTIONS = 0;

    private final OutputStream out;
    private final String name;
    private final List<CapturedPort> ports;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private static final byte[] PADDING = new byte[3];

    private PcapngWriter(OutputStream out, String name, List<CapturedPort> ports) {
        this.out = out;
        this.name = name;
        this.ports = List.copyOf(ports);
    }

    /**
     * Creates a file, or replaces its content.
     *
     * @param application the name and version of this program
     * @param ports their places in the list are their numbers
     * @throws IOException if the file can't be written; the message or the exception's file names it
     */
    public static PcapngWriter create(Path file, String application, List<CapturedPort> ports) throws IOException {
        OutputStream out = Files.newOutputStream(file);
        try {
            return open(out, file.toString(), application, ports);
        } catch (IOException | RuntimeException refused) {
            try (out) {
                throw refused;
            }
        }
    }

    /**
     * Writes to a stream, which {@link #close} closes.
     *
     * @param name of the stream in error messages
     * @param application the name and version of this program
     * @param ports their places in the list are their numbers
     */
    public static PcapngWriter open(OutputStream out, String name, String application, List<CapturedPort> ports)
            throws IOException {
        PcapngWriter writer = new PcapngWriter(out, name, ports);
        writer.section(utf8(application), utf8(System.getProperty("os.name") + " " + System.getProperty("os.version")));
        int snapLength = CapturedPort.largestSnapLength(ports);
        for (CapturedPort port : ports) {
            writer.description(port, snapLength);
        }
        writer.flush();
        return writer;
    }

    private void section(byte[] application, byte[] system) throws IOException {
        long length = SECTION_FIELDS + option(application.length) + option(system.length) + OPTION_HEADER;
        begin(SECTION_HEADER, length, SECTION_FIELDS);
        buffer.putInt(BYTE_ORDER_MAGIC)
                .putShort(MAJOR_VERSION)
                .putShort(MINOR_VERSION)
                .putLong(UNKNOWN_LENGTH);
        option(SECTION_APPLICATION, application);
        option(SECTION_OS, system);
        end(length);
    }

    /**
     * Describes a port.
     *
     * @param snapLength the largest of all ports: libpcap, and so tcpdump, reads no file whose ports have different ones
     */
    private void description(CapturedPort port, int snapLength) throws IOException {
        byte[] portName = utf8(port.name());
        byte[] text = utf8(port.description());
        long length = INTERFACE_FIELDS + option(portName.length) + option(text.length) + option(1) + OPTION_HEADER;
        begin(INTERFACE_DESCRIPTION, length, INTERFACE_FIELDS);
        buffer.putShort(LINKTYPE_ETHERNET).putShort((short) 0).putInt(snapLength);
        option(INTERFACE_NAME, portName);
        option(INTERFACE_TEXT, text);
        option(TIMESTAMP_RESOLUTION, new byte[] {NANOSECONDS});
        end(length);
    }

    /**
     * Writes a frame. The port's snap length cuts it.
     *
     * @param port its number
     * @param epochNs time of the frame, nanoseconds since 1970-01-01 UTC
     * @param frame from the destination MAC address on, without FCS; its end may be missing
     * @param originalLength bytes that the frame had on the wire; at least those of {@code frame}
     * @param comment for the reader, of one or more lines; empty: none
     * @throws IOException if the file can't be written
     */
    public void write(
            int port, long epochNs, Direction direction, MemorySegment frame, int originalLength, String comment)
            throws IOException {
        if (epochNs < 0) {
            throw new IllegalArgumentException("a frame of before 1970: " + epochNs);
        }
        if (originalLength < frame.byteSize()) {
            throw new IllegalArgumentException(frame.byteSize() + " bytes of a frame of " + originalLength);
        }
        long kept = ports.get(port).kept(frame.byteSize());
        byte[] text = utf8(comment);
        long length = PACKET_FIELDS + padded(kept) + option(Integer.BYTES) + option(text.length) + OPTION_HEADER;
        begin(ENHANCED_PACKET, length, PACKET_FIELDS);
        buffer.putInt(port)
                .putInt((int) (epochNs >>> 32))
                .putInt((int) epochNs)
                .putInt((int) kept)
                .putInt(originalLength);
        bytes(frame.asSlice(0, kept));
        space(OPTION_HEADER + Integer.BYTES);
        buffer.putShort(PACKET_FLAGS)
                .putShort((short) Integer.BYTES)
                .putInt(direction == Direction.INGRESS ? INBOUND : OUTBOUND);
        option(COMMENT, text);
        end(length);
    }

    /** Hands all frames that were written to the file. */
    public void flush() throws IOException {
        try {
            drain();
            out.flush();
        } catch (IOException refused) {
            throw named(refused);
        }
    }

    /** Ends the file: writes what the buffer holds, and closes the stream. Once more it does nothing. */
    @Override
    public void close() throws IOException {
        try (out) {
            drain();
        } catch (IOException refused) {
            throw named(refused);
        }
    }

    private void begin(int type, long bodyLength, int fields) throws IOException {
        space(2 * Integer.BYTES + fields);
        buffer.putInt(type).putInt((int) (BLOCK_FRAME + bodyLength));
    }

    private void end(long bodyLength) throws IOException {
        space(OPTION_HEADER + Integer.BYTES);
        buffer.putInt(END_OF_OPTIONS).putInt((int) (BLOCK_FRAME + bodyLength));
    }

    /** An option of text; none where it is empty. */
    private void option(short code, byte[] value) throws IOException {
        if (value.length == 0) {
            return;
        }
        space(OPTION_HEADER);
        buffer.putShort(code).putShort((short) value.length);
        bytes(MemorySegment.ofArray(value));
    }

    /** The bytes of an option in the file. */
    private static long option(int valueLength) {
        return valueLength == 0 ? 0 : OPTION_HEADER + padded(valueLength);
    }

    private static long padded(long length) {
        return length + 3 & ~3L;
    }

    /** Bytes, and zeros up to the next multiple of four. */
    private void bytes(MemorySegment bytes) throws IOException {
        long length = bytes.byteSize();
        for (long at = 0; at < length; ) {
            space(1);
            int part = (int) Math.min(length - at, buffer.remaining());
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, at, buffer.array(), buffer.position(), part);
            buffer.position(buffer.position() + part);
            at += part;
        }
        int padding = (int) (padded(length) - length);
        space(padding);
        buffer.put(PADDING, 0, padding);
    }

    private void space(int length) throws IOException {
        if (buffer.remaining() >= length) {
            return;
        }
        try {
            drain();
        } catch (IOException refused) {
            throw named(refused);
        }
    }

    private void drain() throws IOException {
        int length = buffer.position();
        // Nothing is written twice, also when a close follows a failure.
        buffer.clear();
        if (length > 0) {
            out.write(buffer.array(), 0, length);
        }
    }

    private IOException named(IOException refused) {
        if (refused instanceof FileSystemException) {
            return refused;
        }
        FileSystemException named = new FileSystemException(name, null, String.valueOf(refused.getMessage()));
        named.initCause(refused);
        return named;
    }

    /** At most {@link #LONGEST_COMMENT} bytes, and no part of a character. */
    private static byte[] utf8(String text) {
        byte[] all = text.getBytes(StandardCharsets.UTF_8);
        if (all.length <= LONGEST_COMMENT) {
            return all;
        }
        int length = LONGEST_COMMENT;
        while ((all[length] & 0xc0) == 0x80) {
            length--;
        }
        return Arrays.copyOf(all, length);
    }
}
