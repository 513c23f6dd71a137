package io.portcullis.conntrack;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * What stands at the head of a flow table's memory: whose it is, and how it is to be read. Little-endian:
 *
 * <pre>
 *   0  magic, 8 bytes "PCFLOWS\n"        8  version 32     12  bytes of an entry 32
 *  16  entries 64                       24  key of the hash 128
 *  40  boot id 128                      56  seed 32        60  worker 32
 *  64  workers 32                       68  bytes of the interface's name 32
 *  72  name, UTF-8                     504  CRC-32 of all that is before it
 * </pre>
 *
 * @param entries flows that it has room for
 * @param key0 first half of the hash's key
 * @param key1 second half
 * @param boot which life of the kernel its times belong to (/proc/sys/kernel/random/boot_id)
 * @param interfaceName whose flows these are
 * @param worker whose of that interface's workers, from 0
 * @param workers how many that interface has
 * @param seed of {@link io.portcullis.packet.AddressPair}, which shares the flows out among them
 */
public record TableHeader(
        int entries, long key0, long key1, UUID boot, String interfaceName, int worker, int workers, int seed) {
    /** The version that this program writes, and reads. */
    public static final int VERSION = 1;

    private static final long MAGIC = 0x0a53574f4c464350L;
    private static final int NAME = 72;
    private static final int CHECKSUM = 504;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** The most entries that a table may have. */
    public static final int MOST_ENTRIES = 1 << 24;

    public TableHeader {
        if (entries < 1 || entries > MOST_ENTRIES) {
            throw new IllegalArgumentException(entries + " entries");
        }
        if (nameBytes(interfaceName).length > CHECKSUM - NAME) {
            throw new IllegalArgumentException("the name " + interfaceName + " is too long");
        }
    }

    /** Bytes that a table of so many flows takes. */
    public static long bytes(long entries) {
        return Slab.bytes(entries);
    }

    /** Writes it to memory of {@link #bytes} bytes, all zero. */
    public void writeTo(MemorySegment memory) {
        byte[] name = nameBytes(interfaceName);
        memory.set(LONG, 0, MAGIC);
        memory.set(INT, 8, VERSION);
        memory.set(INT, 12, Slab.ENTRY);
        memory.set(LONG, 16, entries);
        memory.set(LONG, 24, key0);
        memory.set(LONG, 32, key1);
        memory.set(LONG, 40, boot.getMostSignificantBits());
        memory.set(LONG, 48, boot.getLeastSignificantBits());
        memory.set(INT, 56, seed);
        memory.set(INT, 60, worker);
        memory.set(INT, 64, workers);
        memory.set(INT, 68, name.length);
        MemorySegment.copy(name, 0, memory, ValueLayout.JAVA_BYTE, NAME, name.length);
        memory.set(INT, CHECKSUM, checksum(memory));
    }

    /** Memory that is no flow table, or none that this version reads. */
    public static final class UnknownTable extends Exception {
        UnknownTable(String message) {
            super(message);
        }
    }

    /**
     * Reads it.
     *
     * @param memory any memory
     * @throws UnknownTable with what is wrong with it
     */
    public static TableHeader read(MemorySegment memory) throws UnknownTable {
        if (memory.byteSize() < Slab.bytes(1) || memory.get(LONG, 0) != MAGIC) {
            throw new UnknownTable("it is no flow table");
        }
        int version = memory.get(INT, 8);
        if (version != VERSION) {
            throw new UnknownTable("it is a flow table of version " + version + ", and this program reads version "
                    + VERSION + " only");
        }
        if (memory.get(INT, CHECKSUM) != checksum(memory)) {
            throw new UnknownTable("its header's checksum is wrong");
        }
        long entries = memory.get(LONG, 16);
        int nameLength = memory.get(INT, 68);
        boolean fits = memory.get(INT, 12) == Slab.ENTRY
                && entries >= 1
                && entries <= MOST_ENTRIES
                && memory.byteSize() == Slab.bytes(entries)
                && nameLength >= 0
                && nameLength <= CHECKSUM - NAME;
        if (!fits) {
            throw new UnknownTable("its header speaks of " + entries + " flows of " + memory.get(INT, 12)
                    + " bytes, and it has " + memory.byteSize() + " bytes");
        }
        return new TableHeader(
                (int) entries,
                memory.get(LONG, 24),
                memory.get(LONG, 32),
                new UUID(memory.get(LONG, 40), memory.get(LONG, 48)),
                new String(memory.asSlice(NAME, nameLength).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8),
                memory.get(INT, 60),
                memory.get(INT, 64),
                memory.get(INT, 56));
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
