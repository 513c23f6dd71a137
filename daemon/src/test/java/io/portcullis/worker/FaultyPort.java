package io.portcullis.worker;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.packet.Batch;
import io.portcullis.port.Port;
import io.portcullis.port.PortCounters;
import io.portcullis.port.PortState;
import io.portcullis.port.memory.MemoryPort;
import org.jspecify.annotations.Nullable;

/** A port in memory that throws on demand. */
final class FaultyPort implements Port {
    /** Run before each call of that name. */
    volatile Runnable receiving = FaultyPort::nothing;

    volatile Runnable sending = FaultyPort::nothing;
    volatile Runnable asking = FaultyPort::nothing;

    private final MemoryPort port;
    private final boolean polled;

    /**
     * A port without faults at first.
     *
     * @param polled its {@link #canBePolled}
     */
    FaultyPort(String nic, boolean polled) {
        this.port = new MemoryPort(nic, 1500);
        this.polled = polled;
    }

    private static void nothing() {
        // No fault.
    }

    MemoryPort memory() {
        return port;
    }

    @Override
    public String nic() {
        return port.nic();
    }

    @Override
    public FileDescriptor descriptor() {
        return port.descriptor();
    }

    @Override
    public void start(Runnable reopened) {
        port.start(reopened);
    }

    @Override
    public boolean canBePolled() {
        return polled;
    }

    /** Never: only epoll reports frames. */
    @Override
    public boolean isReady() {
        asking.run();
        return false;
    }

    @Override
    public @Nullable Batch receive() {
        receiving.run();
        return port.receive();
    }

    @Override
    public void release(Batch batch) {
        port.release(batch);
    }

    @Override
    public void send(Batch batch) {
        sending.run();
        port.send(batch);
    }

    @Override
    public PortCounters counters() {
        return port.counters();
    }

    @Override
    public PortState state() {
        return port.state();
    }

    @Override
    public void close() {
        port.close();
    }
}
