package io.portcullis.port;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.packet.Batch;
import org.jspecify.annotations.Nullable;

/**
 * One NIC, opened: frames come in as batches and accepted ones go out. What the kernel refuses is counted and never
 * thrown. A NIC that goes down or vanishes leaves the port open, not forwarding, until the NIC is back.
 *
 * <p>Threads: {@link #receive}, {@link #release}, {@link #send} and {@link #close} belong to the event loop on which the
 * port's {@link PortChannel} is registered (to the caller, while there is none). {@link #nic}, {@link #counters} and
 * {@link #state} may be asked from any thread.
 *
 * <p>A batch belongs to the port that filled it: the caller of {@link #receive} releases it to the same port before the next
 * {@code receive}, and does not touch its memory after that.
 */
public interface Port extends AutoCloseable {
    /** Name of the NIC. */
    String nic();

    /**
     * The descriptor for epoll: readable while {@link #receive} has something to do. Level-triggered, owned by the port, open
     * until {@link #switchOver} or {@link #close}.
     */
    FileDescriptor descriptor();

    /**
     * Starts to receive. Called once, after the port's channel has been registered.
     *
     * @param reopened run by any thread after the port has reopened its NIC under another descriptor: then the event loop
     *     removes the old descriptor from epoll, calls {@link #switchOver} and adds the new one
     */
    void start(Runnable reopened);

    /** Switches to the reopened NIC and closes the former descriptor. */
    default void switchOver() {}

    /** True: {@link #isReady} finds frames without a system call. */
    default boolean canBePolled() {
        return false;
    }

    /** True: {@link #receive} has frames. Always false where {@link #canBePolled} is false: then only epoll reports frames. */
    default boolean isReady() {
        return false;
    }

    /**
     * The next frames in the order of their arrival, at most one batch, without waiting.
     *
     * @return frames, none of them accepted yet; null if there are none now
     */
    @Nullable
    Batch receive();

    /**
     * Clears an error that epoll reports on the {@link #descriptor} (a packet socket whose link went down); epoll would report it
     * for ever.
     */
    default void clearError() {}

    /** Returns a batch of this port; its memory is used again. */
    void release(Batch batch);

    /**
     * Sends the accepted frames of a batch, in order, and counts each as sent or refused. Never waits for the NIC, never
     * throws for an answer of the kernel. The port does not use the batch after the call.
     *
     * @param batch of any port
     */
    void send(Batch batch);

    /** Frames received, sent and refused since the port was opened. */
    PortCounters counters();

    /** Whether frames can pass now, and if not, why. */
    PortState state();

    /** Closes the NIC and ends the port's threads, within two seconds. Does nothing the second time. */
    @Override
    void close();
}
