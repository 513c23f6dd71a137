package io.portcullis.http;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The body of a request, valid until the request is answered; then its memory is free for others. Kept in pieces, which grow with the
 * body: it takes twice as much memory as it has bytes at most, and a kibibyte at least, however it came.
 */
public final class Body {
    /** No bytes. */
    public static final Body NONE = new Body();

    private static final int SHORTEST_PIECE = 1 << 10;
    private static final int LONGEST_PIECE = 64 << 10;

    private final List<byte[]> pieces = new ArrayList<>();
    private int length;

    /** Bytes that are free in the last piece. */
    private int free;

    Body() {}

    /** Adds bytes. */
    void append(ByteBuf bytes) {
        while (bytes.isReadable()) {
            if (free == 0) {
                free = Math.clamp(Math.max(length, bytes.readableBytes()), SHORTEST_PIECE, LONGEST_PIECE);
                pieces.add(new byte[free]);
            }
            byte[] piece = pieces.getLast();
            int count = Math.min(free, bytes.readableBytes());
            bytes.readBytes(piece, piece.length - free, count);
            free -= count;
            length += count;
        }
    }

    /** Frees the memory. */
    void clear() {
        pieces.clear();
        length = 0;
        free = 0;
    }

    /** Number of bytes. */
    public int length() {
        return length;
    }

    /** Its bytes, without a copy. */
    public InputStream stream() {
        List<InputStream> streams = new ArrayList<>(pieces.size());
        int left = length;
        for (byte[] piece : pieces) {
            streams.add(new ByteArrayInputStream(piece, 0, Math.min(piece.length, left)));
            left -= piece.length;
        }
        return new SequenceInputStream(Collections.enumeration(streams));
    }

    /** A copy of its bytes. */
    public byte[] bytes() {
        byte[] all = new byte[length];
        int at = 0;
        for (byte[] piece : pieces) {
            int count = Math.min(piece.length, length - at);
            System.arraycopy(piece, 0, all, at, count);
            at += count;
        }
        return all;
    }

    @Override
    public String toString() {
        return length + " bytes";
    }
}
