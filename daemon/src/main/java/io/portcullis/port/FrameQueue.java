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
 * Hands frames from a thread that copies them in (libpcap's reader, a test) to an event loop, batch by batch, through a
 * fixed number of batches. An eventfd tells epoll that there are some. While the loop is idle each frame leaves at once;
 * while it is busy they gather, so that batches grow with the load.
 *
 * <p>Any thread may {@link #put}, {@link #offer} and {@link #close}; one at a time may {@link #poll} and
 * {@link #release}. The memory lives until the queue is closed and no batch is out.
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
     * @param batches how many there are
     * @param batchLength bytes of memory that a batch has for its frames; no frame may be longer
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
     * Appends a copy of a frame; waits while all batches are full or out.
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

    /** Appends a copy of a frame; false, without waiting, if all batches are full or out, or the queue is closed. */
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

    /** The oldest frames, or null if there are none. Give the batch back with {@link #release}. */
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

    /** Takes a batch back. */
    public synchronized void release(Batch batch) {
        polled--;
        free.add(batch);
        notifyAll();
        freeMemory();
    }

    /** Ends every wait, closes the descriptor, and frees the memory as soon as no batch is out. */
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
