package io.portcullis.hits;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32;

/**
 * A part of a {@link HitTable}: a number of slots in one piece of memory. A file format within one boot: nothing here moves within a
 * {@link #VERSION}. Little-endian:
 *
 * <pre>
 * offset bytes  field
 *   0    8      magic "PCHITS\n"; written last
 *   8    4      version: {@value #VERSION}
 *  12    4      number of slots, a multiple of {@value #SLOTS_OF_A_PAGE}
 *  16    4      number of columns: a worker writes its own
 *  20    4      length of the interface's name, bytes
 *  24   16      boot id
 *  40  456      name of the interface, UTF-8, then 0
 * 504    4      CRC-32 of bytes 8 to 503
 * 4096   32     per slot: key, high half (0: the slot is free), low half; from when on it is counted; when the rule left the
 *               configuration, or 0
 *  …     16     per column, and in it per slot: packets, time of the last one or 0
 * </pre>
 *
 * Times are those of {@link HitRecord}. The high half of a key is written last, and cleared first: a process that ends between any two
 * writes leaves a slot that is free or complete.
 */
public final class HitPart {
    /** Bytes of a header, and of a page: no two workers write to the same one. */
    public static final int HEADER_BYTES = 4096;

    static final int VERSION = 1;
    static final int SLOTS_OF_A_PAGE = 256;

    /** A cell has 1 &lt;&lt; CELL_SHIFT bytes. */
    static final int CELL_SHIFT = 4;

    static final long LAST = 8;

    private static final int KEY_BYTES = 32;
    private static final long LOW = 8;
    private static final long SINCE = 16;
    private static final long GONE = 24;

    private static final long MAGIC = 0x000a535449484350L;
    private static final long VERSION_AT = 8;
    private static final long SLOTS_AT = 12;
    private static final long COLUMNS_AT = 16;
    private static final long NAME_LENGTH_AT = 20;
    private static final long BOOT_AT = 24;
    private static final long NAME_AT = 40;
    private static final int CHECKSUM_AT = 504;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** A 64-bit field: coordinates are the memory and the offset. */
    static final VarHandle FIELD = LONG.varHandle();

    private final MemorySegment memory;
    private final int slots;
    private final int columns;
    private final MemorySegment[] cells;

    /** Per slot, the number of the first policy without its rule. */
    private final int[] leftWith;

    private HitPart(MemorySegment memory, int slots, int columns) {
        this.memory = memory;
        this.slots = slots;
        this.columns = columns;
        leftWith = new int[slots];
        cells = new MemorySegment[columns];
        long bytes = (long) slots << CELL_SHIFT;
        for (int column = 0; column < columns; column++) {
            cells[column] = memory.asSlice(HEADER_BYTES + (long) slots * KEY_BYTES + column * bytes, bytes);
        }
    }

    /** The memory is no part of that table; the message says why. */
    public static final class UnknownPart extends Exception {
        private static final long serialVersionUID = 1L;

        UnknownPart(String message) {
            super(message);
        }
    }

    /** Bytes of a part. */
    static long bytes(int slots, int columns) {
        return HEADER_BYTES + (long) slots * (KEY_BYTES + ((long) columns << CELL_SHIFT));
    }

    /** Makes a part of memory that is all zero. */
    static HitPart create(MemorySegment zeroes, int slots, int columns, Owner owner) {
        byte[] name = owner.name();
        zeroes.set(INT, VERSION_AT, VERSION);
        zeroes.set(INT, SLOTS_AT, slots);
        zeroes.set(INT, COLUMNS_AT, columns);
        zeroes.set(INT, NAME_LENGTH_AT, name.length);
        zeroes.set(LONG, BOOT_AT, owner.boot().getMostSignificantBits());
        zeroes.set(LONG, BOOT_AT + Long.BYTES, owner.boot().getLeastSignificantBits());
        MemorySegment.copy(name, 0, zeroes, ValueLayout.JAVA_BYTE, NAME_AT, name.length);
        zeroes.set(INT, CHECKSUM_AT, checksum(zeroes));
        FIELD.setRelease(zeroes, 0L, MAGIC);
        return new HitPart(zeroes, slots, columns);
    }

    /**
     * Whose hits a part has.
     *
     * @param interfaceName its first 456 bytes count
     * @param boot of the kernel whose clock its times are of
     */
    public record Owner(String interfaceName, UUID boot) {
        private byte[] name() {
            byte[] all = interfaceName.getBytes(StandardCharsets.UTF_8);
            return all.length <= CHECKSUM_AT - NAME_AT ? all : Arrays.copyOf(all, (int) (CHECKSUM_AT - NAME_AT));
        }
    }

    /** True: a process ended before the part was complete, or it is of another boot. It has no counts of this boot. */
    public static boolean isEmpty(MemorySegment memory, Owner owner) {
        return memory.byteSize() < HEADER_BYTES
                || memory.get(LONG, 0) == 0
                || memory.get(LONG, 0) == MAGIC && !owner.boot().equals(boot(memory)) && checksumIsRight(memory);
    }

    private static UUID boot(MemorySegment memory) {
        return new UUID(memory.get(LONG, BOOT_AT), memory.get(LONG, BOOT_AT + Long.BYTES));
    }

    private static boolean checksumIsRight(MemorySegment memory) {
        return memory.get(INT, CHECKSUM_AT) == checksum(memory);
    }

    /**
     * Reads a part.
     *
     * @param memory any memory
     * @throws UnknownPart if it is none of that owner
     */
    public static HitPart read(MemorySegment memory, Owner owner) throws UnknownPart {
        if (memory.byteSize() < HEADER_BYTES || memory.get(LONG, 0) != MAGIC) {
            throw new UnknownPart("it has no rule hits");
        }
        int version = memory.get(INT, VERSION_AT);
        if (version != VERSION) {
            throw new UnknownPart(
                    "it has rule hits of version " + version + ", and this program reads version " + VERSION + " only");
        }
        if (!checksumIsRight(memory)) {
            throw new UnknownPart("its header's checksum is wrong");
        }
        int slots = memory.get(INT, SLOTS_AT);
        int columns = memory.get(INT, COLUMNS_AT);
        boolean fits = slots >= SLOTS_OF_A_PAGE
                && slots <= HitTable.MOST_SLOTS
                && slots % SLOTS_OF_A_PAGE == 0
                && columns >= 1
                && memory.byteSize() == bytes(slots, columns);
        if (!fits) {
            throw new UnknownPart("its header says " + slots + " rules and " + columns + " workers, but it has "
                    + memory.byteSize() + " bytes");
        }
        byte[] name = owner.name();
        boolean isOurs = memory.get(INT, NAME_LENGTH_AT) == name.length
                && memory.asSlice(NAME_AT, name.length).mismatch(MemorySegment.ofArray(name)) == -1
                && owner.boot().equals(boot(memory));
        if (!isOurs) {
            throw new UnknownPart("it is of another interface or of another boot");
        }
        return new HitPart(memory, slots, columns);
    }

    private static int checksum(MemorySegment memory) {
        CRC32 sum = new CRC32();
        sum.update(memory.asSlice(VERSION_AT, CHECKSUM_AT - VERSION_AT).toArray(ValueLayout.JAVA_BYTE));
        return (int) sum.getValue();
    }

    /** Makes a part with more columns of memory that is all zero, with the same slots and counts. */
    public HitPart widened(MemorySegment zeroes, int toColumns, Owner owner) {
        HitPart wide = new HitPart(zeroes, slots, toColumns);
        MemorySegment.copy(memory, HEADER_BYTES, zeroes, HEADER_BYTES, (long) slots * KEY_BYTES);
        for (int column = 0; column < columns; column++) {
            wide.cells[column].copyFrom(cells[column]);
        }
        return create(zeroes, slots, toColumns, owner);
    }

    /** Bytes of {@link #widened}. */
    public long bytesWith(int toColumns) {
        return bytes(slots, toColumns);
    }

    /** Number of workers that can count here. */
    public int columns() {
        return columns;
    }

    int slots() {
        return slots;
    }

    /** What one worker writes: per slot a cell. */
    MemorySegment cells(int column) {
        return cells[column];
    }

    private static long keyAt(int slot) {
        return HEADER_BYTES + (long) slot * KEY_BYTES;
    }

    boolean isFree(int slot) {
        return high(slot) == 0;
    }

    long high(int slot) {
        return (long) FIELD.getAcquire(memory, keyAt(slot));
    }

    long low(int slot) {
        return (long) FIELD.getOpaque(memory, keyAt(slot) + LOW);
    }

    long since(int slot) {
        return (long) FIELD.getOpaque(memory, keyAt(slot) + SINCE);
    }

    long gone(int slot) {
        return (long) FIELD.getOpaque(memory, keyAt(slot) + GONE);
    }

    int leftWith(int slot) {
        return leftWith[slot];
    }

    void gone(int slot, long ns, int policy) {
        leftWith[slot] = policy;
        FIELD.setOpaque(memory, keyAt(slot) + GONE, ns);
    }

    long count(int slot) {
        long sum = 0;
        for (MemorySegment column : cells) {
            sum += (long) FIELD.getOpaque(column, (long) slot << CELL_SHIFT);
        }
        return sum;
    }

    /** Of all columns; 0: no hit. */
    long last(int slot) {
        long latest = 0;
        for (MemorySegment column : cells) {
            long last = (long) FIELD.getOpaque(column, ((long) slot << CELL_SHIFT) + LAST);
            latest = latest == 0 || last != 0 && last > latest ? last : latest;
        }
        return latest;
    }

    HitRecord record(int slot) {
        return new HitRecord(new RuleKey(high(slot), low(slot)), count(slot), last(slot), since(slot), gone(slot));
    }

    /** Fills a free slot, before any worker counts there. */
    void fill(int slot, HitRecord record) {
        for (int column = 0; column < columns; column++) {
            long at = (long) slot << CELL_SHIFT;
            FIELD.setOpaque(cells[column], at, column == 0 ? record.count() : 0);
            FIELD.setOpaque(cells[column], at + LAST, column == 0 ? record.lastNs() : 0);
        }
        FIELD.setOpaque(memory, keyAt(slot) + SINCE, record.sinceNs());
        FIELD.setOpaque(memory, keyAt(slot) + GONE, record.goneNs());
        FIELD.setOpaque(memory, keyAt(slot) + LOW, record.key().low());
        FIELD.setRelease(memory, keyAt(slot), record.key().high());
    }

    /** Adds what an older or newer record of the same rule knows, before any worker counts here. */
    void merge(int slot, HitRecord record) {
        long missing = record.count() - count(slot);
        long at = (long) slot << CELL_SHIFT;
        if (missing > 0) {
            FIELD.setOpaque(cells[0], at, (long) FIELD.getOpaque(cells[0], at) + missing);
        }
        long last = last(slot);
        if (record.lastNs() != 0 && (last == 0 || record.lastNs() > last)) {
            FIELD.setOpaque(cells[0], at + LAST, record.lastNs());
        }
        if (record.sinceNs() < since(slot)) {
            FIELD.setOpaque(memory, keyAt(slot) + SINCE, record.sinceNs());
        }
    }

    /** Forgets the rule of a slot. */
    void free(int slot) {
        FIELD.setRelease(memory, keyAt(slot), 0L);
    }
}
