package io.portcullis.cli.report;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPOutputStream;

/** Writes a compressed tar archive of regular files (POSIX.1-1988, "ustar"). */
final class TarFile implements AutoCloseable {
    private static final int BLOCK = 512;
    private static final int LONGEST_NAME = 99;
    private static final int CHECKSUM = 148;

    private final OutputStream out;
    private final long epochSeconds;

    /**
     * Begins an archive.
     *
     * @param out gets it; {@link #close} closes it
     * @param epochSeconds time of each file
     */
    TarFile(OutputStream out, long epochSeconds) throws IOException {
        this.out = new GZIPOutputStream(out, 64 << 10);
        this.epochSeconds = epochSeconds;
    }

    /**
     * Adds a file that only its owner may read.
     *
     * @param name path in the archive, ASCII
     */
    void add(String name, byte[] content) throws IOException {
        if (name.length() > LONGEST_NAME) {
            throw new IllegalArgumentException("a name of more than " + LONGEST_NAME + " characters: " + name);
        }
        ByteBuffer header = ByteBuffer.allocate(BLOCK);
        put(header, 0, name);
        put(header, 100, "0000600");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, octal(content.length, 11));
        put(header, 136, octal(epochSeconds, 11));
        put(header, CHECKSUM, "        ");
        put(header, 156, "0");
        put(header, 257, "ustar\u000000");
        put(header, 265, "root");
        put(header, 297, "root");
        int sum = 0;
        for (byte b : header.array()) {
            sum += Byte.toUnsignedInt(b);
        }
        put(header, CHECKSUM, octal(sum, 6) + "\u0000 ");
        out.write(header.array());
        out.write(content);
        out.write(new byte[Math.floorMod(-content.length, BLOCK)]);
    }

    private static void put(ByteBuffer header, int at, String text) {
        header.put(at, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String octal(long number, int digits) {
        String octal = Long.toOctalString(number);
        return "0".repeat(digits - octal.length()) + octal;
    }

    /** Two empty blocks are the end of the archive. */
    @Override
    public void close() throws IOException {
        try (out) {
            out.write(new byte[2 * BLOCK]);
        }
    }
}
