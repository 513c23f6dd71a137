package io.portcullis.conntrack;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The memory of a flow table, the part that outlives the process: a page with the {@link TableHeader}, then entries of
 * {@value FlowLayout#ENTRY_BYTES} bytes, one flow each ({@link FlowLayout}). Little-endian, fixed offsets, no pointers, so
 * that any process that maps it can read it. The caller provides the memory: a file on a tmpfs, or plain memory.
 *
 * <p>A {@code kill} leaves each store done or not done. Stores may have been done in any order, except for releases. So:
 *
 * <ul>
 *   <li>The commit word publishes a new flow: it is stored last, with a release.
 *   <li>A packet that only moves windows and times is written in place: every mix of old and new words admits nothing that
 *       neither the old nor the new words admit.
 *   <li>Every other change is bracketed: {@link #saveUndo} keeps the old entry in the header page until {@link #dropUndo},
 *       and {@link #undo} puts it back after a crash. One undo image per table is enough, as a table has one writer.
 * </ul>
 */
public class Slab {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT_HANDLE = INT.varHandle();

    private final MemorySegment memory;
    private final int capacity;

    /**
     * A view of memory that has a {@link TableHeader}.
     *
     * @param memory header page and entries; 8-byte aligned
     */
    public Slab(MemorySegment memory) {
        this.memory = memory;
        capacity = (int) ((memory.byteSize() - TableHeader.PAGE_BYTES) / FlowLayout.ENTRY_BYTES);
    }

    /** Number of entries. */
    public final int capacity() {
        return capacity;
    }

    /** Bytes from the start of the memory to an entry. */
    public static long offset(int entry) {
        return TableHeader.PAGE_BYTES + (long) entry * FlowLayout.ENTRY_BYTES;
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

    void putLong(long at, long value) {
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
        long from = offset(entry);
        for (int i = 0; i < FlowLayout.ENTRY_BYTES; i += Long.BYTES) {
            putLong(TableHeader.UNDO_IMAGE + i, getLong(from + i));
        }
        putIntRelease(TableHeader.UNDO_ENTRY, entry + 1);
        fence();
    }

    /** Drops the undo image: the entry is complete. */
    final void dropUndo() {
        putIntRelease(TableHeader.UNDO_ENTRY, 0);
        fence();
    }

    /** Restores the entry that the process before this one was writing when it ended. True: there was one. */
    public final boolean undo() {
        int entry = getInt(TableHeader.UNDO_ENTRY) - 1;
        if (entry == -1) {
            return false;
        }
        boolean exists = entry >= 0 && entry < capacity;
        if (exists) {
            for (int i = 0; i < FlowLayout.ENTRY_BYTES; i += Long.BYTES) {
                putLong(offset(entry) + i, getLong(TableHeader.UNDO_IMAGE + i));
            }
        }
        dropUndo();
        return exists;
    }
}
