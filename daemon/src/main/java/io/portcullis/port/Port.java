package io.portcullis.port;

import io.netty.channel.unix.FileDescriptor;
import io.portcullis.packet.Batch;
import org.jspecify.annotations.Nullable;

/**
 * One NIC, opened: frames come in as batches and accepted ones go out. What the kernel refuses is counted and never
 * thrown; a NIC that goes down or vanishes leaves the port open, not forwarding, until the NIC is back.
 *
 * <p>Threads: {@link #receive}, {@link #release}, {@link #send} and {@link #close} belong to the event loop on which the
 * port's {@link PortChannel} is registered (to the caller, while there is none). {@link #nic}, {@link #counters} and
 * {@link #state} may be asked from any thread.
 *
 * <p>Batches belong to the port that filled them: whoever gets one from {@link #receive} gives it back to the same port
 * before it asks that port for the next, and nobody touches its memory after that.
 */
public interface Port extends AutoCloseable {
    /** Name of the NIC. */
    String nic();

    /**
     * What epoll watches: readable while {@link #receive} has something to do. Level-triggered, owned by the port, open
     * until {@link #moveOn} or {@link #close}.
     */
    FileDescriptor descriptor();

    /**
     * Lets frames in. Called once, when the port's channel has been registered.
     *
     * @param reopened to be run, by any thread, when the port has opened its NIC anew under another descriptor: then the
     *     event loop takes the old one out of epoll, calls {@link #moveOn} and watches what is the descriptor then
     */
    void start(Runnable reopened);

    /** Goes over to the NIC as it was opened anew; the former descriptor is closed. */
    default void moveOn() {}

    /** True: {@link #isReady} knows without a system call whether there are frames. */
    default boolean canBePolled() {
        return false;
    }

    /** True: {@link #receive} has frames. False, always, where {@link #canBePolled} is false: the {@link #descriptor} tells. */
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
     * Epoll reports an error on the {@link #descriptor} (a packet socket whose link went down): takes it off, or epoll
     * reports it for ever.
     */
    default void takeError() {}

    /** Takes a batch of this port's back; its memory is used again. */
    void release(Batch batch);

    /**
     * Sends the accepted frames of a batch, in order, and counts each as sent or refused. Never waits for the NIC, never
     * throws for what the kernel answers; when it returns, the port needs the batch no more.
     *
     * @param batch of any port
     */
    void send(Batch batch);

    /** What came, went and was refused since the port was opened. */
    PortCounters counters();

    /** Whether frames can pass now; else why not. */
    PortState state();

    /** Gives the NIC back and ends the port's threads, within two seconds. Does nothing the second time. */
    @Override
    void close();
}
