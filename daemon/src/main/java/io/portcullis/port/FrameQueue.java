package io.portcullis.port;

import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.portcullis.packet.Batch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * A bounded queue of frames from any thread (libpcap's reader, a test) to an event loop. Frames are copied into a fixed number
 * of batches; an eventfd makes epoll report that there are some. An idle loop gets each frame at once; while the loop is busy
 * frames gather, so that batches grow with the load.
 *
 * <p>Any thread may {@link #put}, {@link #offer} and {@link #close}; one thread at a time may {@link #poll} and
 * {@link #release}. The memory is freed when the queue is closed and all batches are released.
 */
public final class FrameQueue implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final FileDescriptor descriptor = Native.newEventFd();
    private final long batchLength;
    private final ArrayDeque<Batch> free = new ArrayDeque<>();
    private final ArrayDeque<Batch> ready = new ArrayDeque<>();
    private @Nullable Batch filling;
    private long filled;
    private int polled;
    private boolean signalled;
    private boolean closed;

    /**
     * A queue over memory of its own.
     *
     * @param batches number of batches
     * @param batchLength bytes of memory of each batch; no frame may be longer
     * @param unmarkedOffload see {@link Batch#Batch}
     */
    public FrameQueue(int batches, long batchLength, boolean unmarkedOffload) {
        this.batchLength = batchLength;
        for (int i = 0; i < batches; i++) {
            free.add(new Batch(arena.allocate(batchLength, Long.BYTES), unmarkedOffload));
        }
    }

    /** Readable while {@link #poll} has frames. */
    public FileDescriptor descriptor() {
        return descriptor;
    }

    /**
     * Appends a copy of a frame; waits while all batches are full or polled.
     *
     * @return false if the queue is closed
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public synchronized boolean put(byte[] frame) throws InterruptedException {
        while (!closed) {
            if (append(frame)) {
                return true;
            }
            wait();
        }
        return false;
    }

    /** Appends a copy of a frame; false, without waiting, if all batches are full or polled, or the queue is closed. */
    public synchronized boolean offer(byte[] frame) {
        return !closed && append(frame);
    }

    private boolean append(byte[] frame) {
        Batch batch = filling;
        if (batch != null && (batch.isFull() || filled + frame.length > batchLength)) {
            ready.add(batch);
            batch = null;
        }
        if (batch == null) {
            batch = free.poll();
            filling = batch;
            filled = 0;
            if (batch == null) {
                return false;
            }
            batch.clear();
        }
        MemorySegment.copy(frame, 0, batch.memory(), ValueLayout.JAVA_BYTE, filled, frame.length);
        batch.add(filled, frame.length);
        filled += frame.length;
        if (!signalled) {
            signalled = true;
            Native.eventFdWrite(descriptor.intValue(), 1);
        }
        return true;
    }

    /** The oldest frames, or null if there are none. The caller returns the batch with {@link #release}. */
    public synchronized @Nullable Batch poll() {
        if (closed) {
            return null;
        }
        Batch batch = ready.poll();
        if (batch == null) {
            batch = filling;
            filling = null;
        }
        if (batch != null) {
            polled++;
        }
        if (signalled && ready.isEmpty() && filling == null) {
            signalled = false;
            Native.eventFdRead(descriptor.intValue());
        }
        return batch;
    }

    /** Returns a polled batch. */
    public synchronized void release(Batch batch) {
        polled--;
        free.add(batch);
        notifyAll();
        freeMemory();
    }

    /** Ends every wait, closes the descriptor, and frees the memory once all batches are released. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        notifyAll();
        try {
            descriptor.close();
        } catch (IOException impossible) {
            throw new UncheckedIOException("eventfd", impossible);
        } finally {
            freeMemory();
        }
    }

    private void freeMemory() {
        if (closed && polled == 0 && arena.scope().isAlive()) {
            arena.close();
        }
    }
}
