package io.portcullis.engine;

import io.portcullis.packet.Batch;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Queues of copies of held frames. A frame is stored in cells of {@value #CELL} bytes, so that the memory does not fragment. Frames
 * leave as batches, each whole again.
 *
 * <p>All memory is allocated at the start. One thread only.
 */
final class HeldFrames {
    /** Six cells hold a full Ethernet frame with a VLAN tag, and its vnet header. */
    static final int CELL = 256;

    /** Bytes of one batch that leaves: 64 frames of usual size, or the longest frame. */
    private static final int STAGE = 128 * 1024;

    private static final int NONE = -1;

    private final MemorySegment cells;
    private final MemorySegment stage;
    private final Batch marked;
    private final Batch unmarked;

    /** The next cell of the frame, or of the free list. */
    private final int[] nextCell;

    // Per frame, by its first cell.
    private final int[] nextFrame;
    private final int[] length;
    private final boolean[] plain;
    private final byte[] reason;

    // Per queue; last is valid if there is a first.
    private final int[] first;
    private final int[] last;

    private int free;
    private int freeCells;
    private int frames;
    private long bytes;

    /**
     * Empty queues.
     *
     * @param memoryBytes for all frames together; a frame takes whole cells
     * @param queues number of queues
     */
    HeldFrames(long memoryBytes, int queues) {
        int count = (int) (memoryBytes / CELL);
        Arena arena = Arena.ofAuto();
        cells = arena.allocate((long) count * CELL, CELL);
        stage = arena.allocate(Math.min(STAGE, cells.byteSize()), CELL);
        marked = new Batch(stage, false);
        unmarked = new Batch(stage, true);
        nextCell = new int[count];
        for (int i = 0; i < count; i++) {
            nextCell[i] = i + 1 < count ? i + 1 : NONE;
        }
        free = count == 0 ? NONE : 0;
        freeCells = count;
        nextFrame = new int[count];
        length = new int[count];
        plain = new boolean[count];
        reason = new byte[count];
        first = new int[queues];
        last = new int[queues];
        Arrays.fill(first, NONE);
    }

    /** Number of frames in all queues. */
    int frames() {
        return frames;
    }

    /** Bytes of those frames, without vnet headers. */
    long bytes() {
        return bytes;
    }

    /**
     * Appends a copy of frame {@code i} to a queue.
     *
     * @return false: no memory is left for it
     */
    boolean append(int queue, Batch batch, int i) {
        int header = batch.unmarkedOffload() ? 0 : Batch.VNET_HEADER;
        int size = header + batch.length(i);
        int needed = (size + CELL - 1) / CELL;
        if (needed > freeCells || size > stage.byteSize()) {
            return false;
        }
        int frame = free;
        long from = batch.offset(i) - header;
        int cell = free;
        int previous = NONE;
        for (int copied = 0; copied < size; copied += CELL) {
            MemorySegment.copy(batch.memory(), from + copied, cells, (long) cell * CELL, Math.min(CELL, size - copied));
            previous = cell;
            cell = nextCell[cell];
        }
        free = cell;
        nextCell[previous] = NONE;
        freeCells -= needed;
        frames++;
        bytes += batch.length(i);
        nextFrame[frame] = NONE;
        length[frame] = batch.length(i);
        plain[frame] = batch.unmarkedOffload();
        link(queue, frame, frame);
        return true;
    }

    private void link(int queue, int head, int tail) {
        if (first[queue] == NONE) {
            first[queue] = head;
        } else {
            nextFrame[last[queue]] = head;
        }
        last[queue] = tail;
    }

    /** Appends all frames of a queue, in their order, to another, with the reason for which they are dropped or {@link Reason#NONE}. */
    void moveAll(int from, int to, Reason why) {
        if (first[from] == NONE) {
            return;
        }
        for (int frame = first[from]; frame != NONE; frame = nextFrame[frame]) {
            reason[frame] = (byte) why.ordinal();
        }
        link(to, first[from], last[from]);
        first[from] = NONE;
    }

    /** Number of frames in a queue. */
    int size(int queue) {
        int size = 0;
        for (int frame = first[queue]; frame != NONE; frame = nextFrame[frame]) {
            size++;
        }
        return size;
    }

    /**
     * Takes frames out of a queue, as many as fit into a batch.
     *
     * @return the frames, accepted or dropped as {@link #moveAll} said; valid until the next call; null if the queue is empty
     */
    @Nullable
    Batch take(int queue) {
        int frame = first[queue];
        if (frame == NONE) {
            return null;
        }
        boolean kind = plain[frame];
        int header = kind ? 0 : Batch.VNET_HEADER;
        Batch batch = kind ? unmarked : marked;
        batch.clear();
        long at = 0;
        while (frame != NONE
                && plain[frame] == kind
                && !batch.isFull()
                && at + header + length[frame] <= stage.byteSize()) {
            copyOut(frame, at, header + length[frame]);
            batch.add(at + header, length[frame]);
            if (reason[frame] == Reason.NONE.ordinal()) {
                batch.accept(batch.size() - 1, Batch.NO_RULE);
            } else {
                batch.drop(batch.size() - 1, reason[frame]);
            }
            at += header + length[frame];
            frames--;
            bytes -= length[frame];
            frame = nextFrame[frame];
        }
        first[queue] = frame;
        return batch;
    }

    private void copyOut(int frame, long to, int size) {
        int cell = frame;
        for (int copied = 0; copied < size; copied += CELL) {
            MemorySegment.copy(cells, (long) cell * CELL, stage, to + copied, Math.min(CELL, size - copied));
            int following = nextCell[cell];
            nextCell[cell] = free;
            free = cell;
            freeCells++;
            cell = following;
        }
    }
}
