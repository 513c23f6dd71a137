package io.portcullis.conntrack;

import io.portcullis.packet.SipHash;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * The header page of a flow table's memory, {@value #PAGE_BYTES} bytes before the first entry: identity and layout of the
 * table, then the state that a start needs. A file format: an upgrade of the program keeps flows, so nothing here moves
 * within a {@link #VERSION}. Little-endian; bytes that the table does not name are 0:
 *
 * <pre>
 * offset bytes  field
 *   0    8      magic "PCFLOWS\n"
 *   8    4      version: {@value #VERSION}; 1: a table without records, whose entries have no counts
 *  12    4      bytes of an entry ({@link FlowLayout#ENTRY_BYTES})
 *  16    8      number of entries
 *  24   16      key of the hash ({@link SipHash})
 *  40   16      boot id
 *  56    4      seed
 *  60    4      worker
 *  64    4      workers
 *  68    4      length of the interface's name, bytes
 *  72  432      name of the interface, UTF-8, then 0
 * 504    4      CRC-32 of bytes 0 to 503
 * 512    4      undo: 1 + number of the entry that is being written, or 0; bit 31: its record is being written too
 * 544   32      undo: image of that record before it was written
 * 640  128      undo: image of that entry before it was written
 * 768  128      timeouts in force, 8 bytes each in the order of {@link Timeout}, ns; 0: unknown
 * 896  128      per timeout, 8 bytes: flows that no packet renewed after this time are over. As {@link FlowLayout#SEEN}, with
 *               1 in place of the timeout's number; 0: no such time
 * </pre>
 *
 * @param entries flows that the table has space for
 * @param key0 first half of the hash's key
 * @param key1 second half
 * @param boot boot of the kernel that the table's times belong to (/proc/sys/kernel/random/boot_id)
 * @param interfaceName interface that owns the flows
 * @param worker number of the worker that owns the table, from 0
 * @param workers number of workers of the interface
 * @param seed of {@link io.portcullis.packet.AddressPair}, which assigns flows to workers
 * @param version {@link #VERSION}, or 1 in a table of an earlier program
 */
public record TableHeader(
        int entries,
        long key0,
        long key1,
        UUID boot,
        String interfaceName,
        int worker,
        int workers,
        int seed,
        int version) {
    /** The version that this program writes. It reads version 1 too, to move the flows of an earlier program. */
    public static final int VERSION = 2;

    private static final int WITHOUT_RECORDS = 1;

    /** Bytes that {@link #entries(MemorySegment, long)} reads. */
    public static final int BEGIN_BYTES = 24;

    /** Bytes before the first entry. */
    static final int PAGE_BYTES = 4096;

    /** Offset of the undo's entry number, 4 bytes. */
    public static final int UNDO_ENTRY = 512;

    static final int UNDO_RECORD = 544;
    static final int UNDO_IMAGE = 640;

    /** Offset of the timeouts in force, 16 of 8 bytes. */
    static final int TIMEOUTS = 768;

    /** Offset of the times before which flows are over, 16 of 8 bytes. */
    static final int GONE = 896;

    private static final long MAGIC = 0x0a53574f4c464350L;
    private static final int VERSION_AT = 8;
    private static final int ENTRY_SIZE = 12;
    private static final int ENTRIES = 16;
    private static final int KEY = 24;
    private static final int BOOT = 40;
    private static final int SEED = 56;
    private static final int WORKER = 60;
    private static final int WORKERS = 64;
    private static final int NAME_LENGTH = 68;
    private static final int NAME = 72;
    private static final int CHECKSUM = 504;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Largest number of entries of a table. */
    public static final int MAX_ENTRIES = 1 << 24;

    /** A header of {@link #VERSION}. */
    public TableHeader(
            int entries, long key0, long key1, UUID boot, String interfaceName, int worker, int workers, int seed) {
        this(entries, key0, key1, boot, interfaceName, worker, workers, seed, VERSION);
    }

    public TableHeader {
        if (entries < 1 || entries > MAX_ENTRIES) {
            throw new IllegalArgumentException(entries + " entries");
        }
        if (nameBytes(interfaceName).length > CHECKSUM - NAME) {
            throw new IllegalArgumentException("the name " + interfaceName + " is too long");
        }
    }

    /** Bytes of a table of {@link #VERSION} with so many entries. */
    public static long bytes(long entries) {
        return bytes(entries, VERSION);
    }

    private static long bytes(long entries, int version) {
        int records = version == WITHOUT_RECORDS ? 0 : FlowLayout.RECORD_BYTES;
        return PAGE_BYTES + entries * (FlowLayout.ENTRY_BYTES + records);
    }

    /** Bytes of the table. */
    public long bytes() {
        return bytes(entries, version);
    }

    /** False: the table has entries only ({@link FlowLayout#CREATED_IN_VERSION_1}). */
    public boolean hasRecords() {
        return version != WITHOUT_RECORDS;
    }

    /** Writes the header to memory of {@link #bytes} bytes, all zero. */
    public void writeTo(MemorySegment memory) {
        byte[] name = nameBytes(interfaceName);
        memory.set(LONG, 0, MAGIC);
        memory.set(INT, VERSION_AT, version);
        memory.set(INT, ENTRY_SIZE, FlowLayout.ENTRY_BYTES);
        memory.set(LONG, ENTRIES, entries);
        memory.set(LONG, KEY, key0);
        memory.set(LONG, KEY + Long.BYTES, key1);
        memory.set(LONG, BOOT, boot.getMostSignificantBits());
        memory.set(LONG, BOOT + Long.BYTES, boot.getLeastSignificantBits());
        memory.set(INT, SEED, seed);
        memory.set(INT, WORKER, worker);
        memory.set(INT, WORKERS, workers);
        memory.set(INT, NAME_LENGTH, name.length);
        MemorySegment.copy(name, 0, memory, ValueLayout.JAVA_BYTE, NAME, name.length);
        memory.set(INT, CHECKSUM, checksum(memory));
    }

    /** The memory is not a flow table, or of a version that this program does not read. */
    public static final class UnknownTable extends Exception {
        UnknownTable(String message) {
            super(message);
        }
    }

    /**
     * Reads a header.
     *
     * @param memory any memory
     * @throws UnknownTable with the fault
     */
    public static TableHeader read(MemorySegment memory) throws UnknownTable {
        if (memory.byteSize() < bytes(1, WITHOUT_RECORDS) || memory.get(LONG, 0) != MAGIC) {
            throw new UnknownTable("it is not a flow table");
        }
        int version = memory.get(INT, VERSION_AT);
        if (!isRead(version)) {
            throw new UnknownTable("it is a flow table of version " + version + ", and this program reads versions "
                    + WITHOUT_RECORDS + " and " + VERSION + " only");
        }
        if (memory.get(INT, CHECKSUM) != checksum(memory)) {
            throw new UnknownTable("its header's checksum is wrong");
        }
        long entries = memory.get(LONG, ENTRIES);
        int nameLength = memory.get(INT, NAME_LENGTH);
        boolean fits = memory.get(INT, ENTRY_SIZE) == FlowLayout.ENTRY_BYTES
                && entries >= 1
                && entries <= MAX_ENTRIES
                && memory.byteSize() == bytes(entries, version)
                && nameLength >= 0
                && nameLength <= CHECKSUM - NAME;
        if (!fits) {
            throw new UnknownTable("its header says " + entries + " flows of "
                    + (memory.get(INT, ENTRY_SIZE) + bytes(1, version) - bytes(0, version) - FlowLayout.ENTRY_BYTES)
                    + " bytes, but it has " + memory.byteSize() + " bytes");
        }
        return new TableHeader(
                (int) entries,
                memory.get(LONG, KEY),
                memory.get(LONG, KEY + Long.BYTES),
                new UUID(memory.get(LONG, BOOT), memory.get(LONG, BOOT + Long.BYTES)),
                new String(memory.asSlice(NAME, nameLength).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8),
                memory.get(INT, WORKER),
                memory.get(INT, WORKERS),
                memory.get(INT, SEED),
                version);
    }

    private static boolean isRead(int version) {
        return version == VERSION || version == WITHOUT_RECORDS;
    }

    /**
     * The number of entries of a table, from the begin of its file alone; 0: it is no table that this program reads.
     *
     * @param begin at least the first {@value #BEGIN_BYTES} bytes
     * @param fileBytes size of the file
     */
    public static long entries(MemorySegment begin, long fileBytes) {
        int version = begin.get(INT, VERSION_AT);
        long entries = begin.get(LONG, ENTRIES);
        boolean fits = begin.get(LONG, 0) == MAGIC
                && isRead(version)
                && entries >= 1
                && entries <= MAX_ENTRIES
                && fileBytes == bytes(entries, version);
        return fits ? entries : 0;
    }

    private static byte[] nameBytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }

    private static int checksum(MemorySegment memory) {
        CRC32 sum = new CRC32();
        sum.update(memory.asSlice(0, CHECKSUM).toArray(ValueLayout.JAVA_BYTE));
        return (int) sum.getValue();
    }
}
