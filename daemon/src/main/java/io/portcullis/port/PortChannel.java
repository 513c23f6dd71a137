package io.portcullis.port;

import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.portcullis.packet.Batch;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Port} as a Netty channel on an epoll event loop. It fires {@code channelRead} with a {@link Batch} and
 * {@code channelReadComplete} for each batch, then releases the batch to its port: a handler decides about it, and
 * writes and flushes it to the other port's channel (on the same loop, with {@code voidPromise()}), before it returns.
 * A batch that is written here has its accepted frames sent; nothing waits in the outbound buffer.
 *
 * <p>The channel is active from construction until it is closed. A link that is down does not close it; {@link Port#state}
 * reports it.
 */
public final class PortChannel extends AbstractChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false);
    private static final EpollIoOps READ = EpollIoOps.EPOLLIN;

    // Not NONE: that removes the descriptor from epoll, and the next submit fails with ENOENT.
    private static final EpollIoOps PAUSED = EpollIoOps.EPOLLERR;

    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(1);

    /** Most batches of one event; then the other port has its turn. Each batch after the first saves an epoll_wait. */
    private static final int BATCHES_AT_ONCE = 8;

    private final Port port;
    private final DefaultChannelConfig config = new DefaultChannelConfig(this);
    private @Nullable IoRegistration registration;
    private @Nullable EpollIoOps armed;
    private boolean readAsked;
    private boolean polled;

    /** Epoll has reported the descriptor since a read that found nothing. */
    private boolean readable;

    private volatile boolean open = true;
    private volatile boolean watched;

    /**
     * A channel over an opened port, which it starts when it is registered and closes when it is closed.
     *
     * @param port opened, not started
     */
    public PortChannel(Port port) {
        super(null);
        this.port = port;
    }

    /** The port. */
    public Port port() {
        return port;
    }

    /** True: the event loop reads the port. False before it is registered, after it is closed, and where epoll refused it. */
    public boolean isWatched() {
        return open && watched;
    }

    private final class PortUnsafe extends AbstractUnsafe implements EpollIoHandle {
        @Override
        public FileDescriptor fd() {
            return port.descriptor();
        }

        @Override
        public void handle(IoRegistration ignored, IoEvent event) {
            // An exception that escapes makes the loop sleep for a second; an Error ends the loop.
            try {
                if (((EpollIoEvent) event).ops().contains(EpollIoOps.EPOLLERR)) {
                    port.clearError();
                }
                if (polled) {
                    readable = true;
                } else {
                    readBatches(BATCHES_AT_ONCE);
                }
            } catch (Throwable bug) {
                fail(bug);
            }
        }

        @Override
        public void connect(SocketAddress remote, SocketAddress local, ChannelPromise promise) {
            promise.setFailure(new UnsupportedOperationException("a port does not connect"));
        }

        /** The loop ends. */
        @Override
        public void close() {
            close(voidPromise());
        }
    }

    private int readBatches(int most) {
        for (int i = 0; i < most && open; i++) {
            if (!readAsked && !config.isAutoRead()) {
                arm(PAUSED);
                return i;
            }
            if (!readBatch()) {
                return i;
            }
        }
        return most;
    }

    /** From now on {@link #poll} alone reads the port, in every round of the loop. To be called before the channel is registered. */
    public void setPolled() {
        polled = true;
    }

    /**
     * Reads one batch where there is one: the port has it in its memory, or epoll has reported the descriptor. For the event
     * loop.
     *
     * @return batches read
     */
    public int poll() {
        if (!open || registration == null) {
            return 0;
        }
        // As in handle: nothing may escape.
        try {
            if (!port.isReady() && !readable) {
                return 0;
            }
            int read = readBatches(1);
            readable &= read > 0;
            return read;
        } catch (Throwable bug) {
            fail(bug);
            return 0;
        }
    }

    /** The port threw, and may throw again at once: the pause leaves the loop time for other work. */
    private void fail(Throwable bug) {
        pipeline().fireExceptionCaught(bug);
        LockSupport.parkNanos(PAUSE_NS);
    }

    /** False: there was no batch. */
    private boolean readBatch() {
        Batch batch = port.receive();
        if (batch == null) {
            return false;
        }
        readAsked = false;
        try {
            pipeline().fireChannelRead(batch);
            pipeline().fireChannelReadComplete();
        } finally {
            port.release(batch);
        }
        return true;
    }

    // Each submit is a system call, and auto-read asks to read after every batch.
    private void arm(EpollIoOps ops) {
        IoRegistration current = registration;
        if (current != null && !ops.equals(armed)) {
            armed = ops;
            current.submit(ops);
        }
    }

    @Override
    protected void doBeginRead() {
        readAsked = true;
        arm(READ);
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (message instanceof Batch) {
            return message;
        }
        throw new UnsupportedOperationException("a port sends batches, not " + message.getClass());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        for (Object message = out.current(); message != null; message = out.current()) {
            // An exception that escapes closes the channel for good.
            try {
                port.send((Batch) message);
            } catch (Throwable bug) {
                pipeline().fireExceptionCaught(bug);
            }
            out.remove();
        }
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new PortUnsafe();
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof IoEventLoop io && io.isCompatible(PortUnsafe.class);
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        ((IoEventLoop) eventLoop()).register((PortUnsafe) unsafe()).addListener(registered -> {
            if (!registered.isSuccess()) {
                promise.setFailure(registered.cause());
                return;
            }
            enter(registered.getNow());
            try {
                port.start(() -> eventLoop().execute(this::switchOver));
                promise.setSuccess();
            } catch (RuntimeException | Error bug) {
                // Netty discards what a listener throws: the port would stay silent without a report.
                doDeregister();
                promise.setFailure(bug);
            }
        });
    }

    private void enter(Object registered) {
        registration = (IoRegistration) registered;
        armed = null;
        watched = true;
    }

    /** The port's NIC was reopened: removes the old descriptor from epoll while it is open, then adds the new one. */
    private void switchOver() {
        if (!open || !isRegistered()) {
            return;
        }
        EpollIoOps before = armed;
        try {
            doDeregister();
            port.switchOver();
        } catch (RuntimeException | Error bug) {
            pipeline().fireExceptionCaught(bug);
        }
        watch(before);
    }

    /** Adds the port's descriptor to epoll where epoll has refused it before. On the event loop. */
    public void watchAgain() {
        if (isRegistered()) {
            watch(armed);
        }
    }

    private void watch(@Nullable EpollIoOps ops) {
        if (!open || registration != null) {
            return;
        }
        ((IoEventLoop) eventLoop()).register((PortUnsafe) unsafe()).addListener(registered -> {
            if (registered.isSuccess()) {
                enter(registered.getNow());
                if (ops != null) {
                    arm(ops);
                }
            } else {
                pipeline().fireExceptionCaught(registered.cause());
            }
        });
    }

    @Override
    protected void doDeregister() {
        IoRegistration current = registration;
        if (current != null) {
            registration = null;
            watched = false;
            current.cancel();
        }
    }

    @Override
    protected void doClose() {
        open = false;
        // First removed from epoll, then closed: descriptor numbers are used again at once.
        doDeregister();
        port.close();
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("a port is bound to its NIC when it is opened");
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return null;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public boolean isActive() {
        return open;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    /** For logs: {@code port eth1}. */
    @Override
    public String toString() {
        return "port " + port.nic();
    }
}
