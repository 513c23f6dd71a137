package io.portcullis.hits.file;

import io.portcullis.hits.HitRecord;
import io.portcullis.hits.HitTable;
import io.portcullis.hits.RuleKey;
import io.portcullis.hits.WallTime;
import io.portcullis.linux.DurableFile;
import io.portcullis.linux.MappedFile;
import io.portcullis.linux.TrustedFolder;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The copy of an interface's hits that outlives a boot. Little-endian:
 *
 * <pre>
 * offset bytes  field
 *   0    8      magic "PCKEPT\n"
 *   8    8      version: {@value #VERSION}
 *  16   48      per rule: key, high and low half; packets; last hit, or 0; counted since; left the configuration, or 0: in it
 * end-8  8      CRC-32 of all bytes before
 * </pre>
 *
 * Times are milliseconds since 1970-01-01 00:00 UTC.
 */
final class HitFile {
    private static final long MAGIC = 0x000a5450454b4350L;
    private static final long VERSION = 1;
    private static final int HEADER_BYTES = 16;
    private static final int RECORD_BYTES = 48;
    private static final int FOOTER_BYTES = 8;

    /** A million rules; a longer file is none of ours. */
    private static final long LONGEST = 48_000_024;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private HitFile() {}

    /** Writes all that a table knows. */
    static void write(Path file, HitTable table, WallTime now) throws IOException {
        CRC32 sum = new CRC32();
        DurableFile.writePieces(file, to -> {
            ByteBuffer piece = ByteBuffer.allocate(1000 * RECORD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            piece.putLong(MAGIC).putLong(VERSION);
            table.forEach(record -> {
                if (piece.remaining() < RECORD_BYTES) {
                    flush(piece, sum, to);
                }
                piece.putLong(record.key().high())
                        .putLong(record.key().low())
                        .putLong(record.count())
                        .putLong(now.toEpochMs(record.lastNs()))
                        .putLong(now.toEpochMs(record.sinceNs()))
                        .putLong(now.toEpochMs(record.goneNs()));
            });
            flush(piece, sum, to);
            piece.putLong(sum.getValue());
            to.take(piece.flip());
        });
    }

    private static void flush(ByteBuffer piece, CRC32 sum, DurableFile.Pieces to) throws IOException {
        piece.flip();
        sum.update(piece.duplicate());
        to.take(piece);
        piece.clear();
    }

    /**
     * Reads a file.
     *
     * @throws IOException if it can't be read, or is damaged; the message says why
     */
    static List<HitRecord> read(Path file, WallTime now) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = MappedFile.open(file, TrustedFolder.owners(), arena);
            long records = memory.byteSize() - HEADER_BYTES - FOOTER_BYTES;
            if (records < 0 || records % RECORD_BYTES != 0 || memory.byteSize() > LONGEST) {
                throw new FileSystemException(file.toString(), null, "has " + memory.byteSize() + " bytes");
            }
            if (memory.get(LONG, 0) != MAGIC || memory.get(LONG, Long.BYTES) != VERSION) {
                throw new FileSystemException(file.toString(), null, "is not a file of rule hits, version " + VERSION);
            }
            CRC32 sum = new CRC32();
            sum.update(memory.asSlice(0, HEADER_BYTES + records).asByteBuffer());
            if (memory.get(LONG, HEADER_BYTES + records) != sum.getValue()) {
                throw new FileSystemException(file.toString(), null, "its checksum is wrong");
            }
            List<HitRecord> all = new ArrayList<>();
            for (long at = HEADER_BYTES; at < HEADER_BYTES + records; at += RECORD_BYTES) {
                all.add(new HitRecord(
                        new RuleKey(memory.get(LONG, at) | 1, memory.get(LONG, at + 8)),
                        memory.get(LONG, at + 16),
                        now.toMonotonicNs(memory.get(LONG, at + 24)),
                        now.toMonotonicNs(memory.get(LONG, at + 32)),
                        now.toMonotonicNs(memory.get(LONG, at + 40))));
            }
            return all;
        }
    }
}
