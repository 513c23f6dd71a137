package io.portcullis.worker;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.portcullis.engine.Engine;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;

/**
 * The pipeline of a port: asks the engine about each batch and writes the accepted frames to the other port, and after them
 * the fragments that waited for one of them. A batch whose
 * decision failed is not written: what is not accepted does not pass.
 */
final class FirewallHandler extends ChannelInboundHandlerAdapter {
    private final Engine engine;
    private final Direction direction;
    private final Channel peer;
    private final HandOver handOver;
    private final Outcomes outcomes;

    /**
     * A handler for the frames of one port.
     *
     * @param direction in which this port's frames travel
     * @param peer the other port's channel, on the same loop
     * @param handOver takes what other workers decide about
     * @param outcomes told how each batch ends
     */
    FirewallHandler(Engine engine, Direction direction, Channel peer, HandOver handOver, Outcomes outcomes) {
        this.engine = engine;
        this.direction = direction;
        this.peer = peer;
        this.handOver = handOver;
        this.outcomes = outcomes;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        long defects = outcomes.defects();
        Batch batch = (Batch) message;
        engine.decide(batch, direction, System.nanoTime());
        if (batch.elsewhere() != 0) {
            handOver.accept(batch, direction);
        }
        send(batch, peer);
        sendReleased(engine, direction, peer);
        // What the other port throws while it sends is told to that port's handler.
        if (outcomes.defects() == defects) {
            outcomes.decided();
        }
    }

    /** Sends what fragments have ended to wait. */
    static void sendReleased(Engine engine, Direction direction, Channel peer) {
        for (Batch held = engine.released(direction); held != null; held = engine.released(direction)) {
            send(held, peer);
        }
    }

    private static void send(Batch batch, Channel peer) {
        if (batch.accepted() != 0) {
            peer.write(batch, peer.voidPromise());
            peer.flush();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable bug) {
        outcomes.failed(bug);
    }
}
