package io.portcullis.conntrack;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The memory of a flow table, the part that outlives the process: a page with the {@link TableHeader}, then entries of
 * {@value FlowLayout#ENTRY_BYTES} bytes, then records of {@value FlowLayout#RECORD_BYTES} bytes, one of each per flow
 * ({@link FlowLayout}). Little-endian, fixed offsets, no pointers, so that any process that maps it can read it. The caller
 * provides the memory: a file on a tmpfs, or plain memory.
 *
 * <p>A {@code kill} leaves each store done or not done. Stores may have been done in any order, except for releases. So:
 *
 * <ul>
 *   <li>The commit word publishes a new flow: it is stored last, with a release.
 *   <li>A packet that only moves windows, times and counts is written in place: every mix of old and new words admits nothing
 *       that neither the old nor the new words admit.
 *   <li>Every other change is bracketed: {@link #saveUndo} keeps the old entry in the header page until {@link #dropUndo},
 *       and {@link #undo} puts it back after a crash. One undo image per table is enough, as a table has one writer.
 *       An image per entry would need as many bytes as the entry itself.
 * </ul>
 */
public class Slab {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_HANDLE = INT.varHandle();

    /** In the undo's word: the record is saved too. */
    private static final int WITH_RECORD = 1 << 31;

    private final MemorySegment memory;
    private final int capacity;
    private final boolean hasRecords;
    private final long records;

    /**
     * A view of the memory of a table of {@link TableHeader#VERSION}.
     *
     * @param memory header page, entries and records; 8-byte aligned
     */
    public Slab(MemorySegment memory) {
        this(memory, true);
    }

    private Slab(MemorySegment memory, boolean hasRecords) {
        this.memory = memory;
        this.hasRecords = hasRecords;
        int flowBytes = FlowLayout.ENTRY_BYTES + (hasRecords ? FlowLayout.RECORD_BYTES : 0);
        capacity = (int) ((memory.byteSize() - TableHeader.PAGE_BYTES) / flowBytes);
        records = offset(capacity);
    }

    /** A view of memory of any version that {@link TableHeader#read} reads. */
    public static Slab of(TableHeader header, MemorySegment memory) {
        return new Slab(memory, header.hasRecords());
    }

    /** False: a table of version 1, whose entries have {@link FlowLayout#RULE_IN_VERSION_1} in place of counts. */
    public final boolean hasRecords() {
        return hasRecords;
    }

    /** Number of entries. */
    public final int capacity() {
        return capacity;
    }

    /** Bytes from the start of the memory to an entry. */
    public static long offset(int entry) {
        return TableHeader.PAGE_BYTES + (long) entry * FlowLayout.ENTRY_BYTES;
    }

    /** Bytes from the start of the memory to an entry's record. */
    public final long recordOffset(int entry) {
        return records + (long) entry * FlowLayout.RECORD_BYTES;
    }

    public final int getInt(long at) {
        return memory.get(INT, at);
    }

    public final long getLong(long at) {
        return memory.get(LONG, at);
    }

    public void putInt(long at, int value) {
        memory.set(INT, at, value);
    }

    public void putLong(long at, long value) {
        memory.set(LONG, at, value);
    }

    /** A store that no earlier store of this thread can follow (release order). */
    public void putIntRelease(long at, int value) {
        INT_HANDLE.setRelease(memory, at, value);
    }

    /** Orders all earlier stores before all later stores; writes nothing. */
    void fence() {
        VarHandle.storeStoreFence();
    }

    /** A copy of an entry. */
    final byte[] copy(int entry) {
        return memory.asSlice(offset(entry), FlowLayout.ENTRY_BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    /** True for an entry with a published flow. */
    public final boolean hasFlow(int entry) {
        return getInt(offset(entry) + FlowLayout.COMMIT) != 0;
    }

    /** Ends an entry's flow. */
    final void end(int entry) {
        putIntRelease(offset(entry) + FlowLayout.COMMIT, 0);
        fence();
    }

    /** Saves an entry. Until {@link #dropUndo} it may be written in any order: a crash in between restores this image. */
    final void saveUndo(int entry) {
        saveUndo(entry, 0);
    }

    /** As {@link #saveUndo(int)}, and saves the entry's record. */
    final void saveUndoWithRecord(int entry) {
        move(recordOffset(entry), TableHeader.UNDO_RECORD, FlowLayout.RECORD_BYTES);
        saveUndo(entry, WITH_RECORD);
    }

    private void saveUndo(int entry, int withRecord) {
        move(offset(entry), TableHeader.UNDO_IMAGE, FlowLayout.ENTRY_BYTES);
        putIntRelease(TableHeader.UNDO_ENTRY, entry + 1 | withRecord);
        fence();
    }

    private void move(long from, long to, int bytes) {
        for (int i = 0; i < bytes; i += Long.BYTES) {
            putLong(to + i, getLong(from + i));
        }
    }

    /** Drops the undo image: the entry is complete. */
    final void dropUndo() {
        putIntRelease(TableHeader.UNDO_ENTRY, 0);
        fence();
    }

    /** The entry that is being written, with an undo image; -1: none. */
    public final int beingWritten() {
        return (getInt(TableHeader.UNDO_ENTRY) & ~WITH_RECORD) - 1;
    }

    /** Restores the entry that the process before this one was writing when it ended. True: there was one. */
    public final boolean undo() {
        int word = getInt(TableHeader.UNDO_ENTRY);
        if (word == 0) {
            return false;
        }
        int entry = beingWritten();
        boolean exists = entry >= 0 && entry < capacity;
        if (exists) {
            move(TableHeader.UNDO_IMAGE, offset(entry), FlowLayout.ENTRY_BYTES);
            if ((word & WITH_RECORD) != 0 && hasRecords) {
                move(TableHeader.UNDO_RECORD, recordOffset(entry), FlowLayout.RECORD_BYTES);
            }
        }
        dropUndo();
        return exists;
    }
}
