package io.portcullis.worker;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Scheduling;
import io.portcullis.packet.Batch;
import io.portcullis.port.PortChannel;
import io.portcullis.port.PortException;
import io.portcullis.port.ring.WatchedRing;
import java.util.BitSet;

/**
 * The ring without an engine, for {@code scripts/bench}: everything that arrives at one NIC leaves by the other, through the same
 * ports, channels and loop as a worker's. The difference to the firewall's cost is the engine's cost. A program of its own:
 * {@code OUTSIDE_NIC INSIDE_NIC}; prints {@code ready} when it forwards; ends on SIGTERM.
 */
final class NullForwarder extends ChannelInboundHandlerAdapter {
    private final Channel peer;

    private NullForwarder(Channel peer) {
        this.peer = peer;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        Batch batch = (Batch) message;
        for (int i = 0; i < batch.size(); i++) {
            // As the engine does after it has verified them: only then do datagrams leave together.
            if (batch.checksum(i) == Batch.Checksum.UNKNOWN) {
                batch.verified(i);
            }
            batch.accept(i, Batch.NO_RULE);
        }
        peer.write(batch, peer.voidPromise());
        peer.flush();
    }

    public static void main(String[] arguments) throws PortException, ErrnoException {
        PortChannel outside = new PortChannel(WatchedRing.open(arguments[0]));
        PortChannel inside = new PortChannel(WatchedRing.open(arguments[1]));
        outside.pipeline().addLast(new NullForwarder(inside));
        inside.pipeline().addLast(new NullForwarder(outside));
        BitSet cores = Scheduling.cores();
        SingleThreadIoEventLoop loop = new SingleThreadIoEventLoop(
                null,
                new DefaultThreadFactory("null-forwarder"),
                executor -> new PollingIoHandler(
                        EpollIoHandler.newFactory().newHandler(executor),
                        outside,
                        inside,
                        false,
                        () -> outside.poll() + inside.poll(),
                        Throwable::printStackTrace),
                1_024,
                RejectedExecutionHandlers.reject(),
                5);
        loop.submit(() -> {
                    settle(cores);
                    loop.register(outside);
                    loop.register(inside);
                })
                .syncUninterruptibly();
        System.out.println("ready");
        loop.terminationFuture().syncUninterruptibly();
    }

    /** Pinned like a worker of the daemon: to the second core, if there is one. */
    private static void settle(BitSet cores) {
        try {
            if (cores.cardinality() > 1) {
                Scheduling.pin(cores.nextSetBit(cores.nextSetBit(0) + 1));
            }
        } catch (ErrnoException refused) {
            throw new IllegalStateException(refused);
        }
    }
}
