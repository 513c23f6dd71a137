package io.portcullis.http;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The body of a request, valid until the request is answered; then its memory is free for others. Kept in pieces: it takes as much
 * memory as it has bytes, however it came.
 */
public final class Body {
    /** No bytes. */
    public static final Body NONE = new Body();

    private static final int PIECE_LENGTH = 64 << 10;

    private final List<byte[]> pieces = new ArrayList<>();
    private int length;

    Body() {}

    /** Adds bytes. */
    void append(ByteBuf bytes) {
        while (bytes.isReadable()) {
            int at = length % PIECE_LENGTH;
            if (at == 0) {
                pieces.add(new byte[PIECE_LENGTH]);
            }
            int count = Math.min(PIECE_LENGTH - at, bytes.readableBytes());
            bytes.readBytes(pieces.getLast(), at, count);
            length += count;
        }
    }

    /** Frees the memory. */
    void clear() {
        pieces.clear();
        length = 0;
    }

    /** Number of bytes. */
    public int length() {
        return length;
    }

    /** Its bytes, without a copy. */
    public InputStream stream() {
        List<InputStream> streams = new ArrayList<>(pieces.size());
        for (int i = 0; i < pieces.size(); i++) {
            int count = Math.min(PIECE_LENGTH, length - i * PIECE_LENGTH);
            streams.add(new ByteArrayInputStream(pieces.get(i), 0, count));
        }
        return new SequenceInputStream(Collections.enumeration(streams));
    }

    /** A copy of its bytes. */
    public byte[] bytes() {
        byte[] all = new byte[length];
        for (int i = 0; i < pieces.size(); i++) {
            int from = i * PIECE_LENGTH;
            System.arraycopy(pieces.get(i), 0, all, from, Math.min(PIECE_LENGTH, length - from));
        }
        return all;
    }

    @Override
    public String toString() {
        return length + " bytes";
    }
}
