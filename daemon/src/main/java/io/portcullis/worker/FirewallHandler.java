package io.portcullis.worker;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;

/** The pipeline of a port: passes each batch to {@link Round#decide}, and counts how it ended. */
final class FirewallHandler extends ChannelInboundHandlerAdapter {
    private final Round round;
    private final Direction direction;
    private final Outcomes outcomes;

    /**
     * A handler for the frames of one port.
     *
     * @param direction in which this port's frames travel
     */
    FirewallHandler(Round round, Direction direction, Outcomes outcomes) {
        this.round = round;
        this.direction = direction;
        this.outcomes = outcomes;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        long defects = outcomes.defects();
        round.decide((Batch) message, direction);
        // What the other port throws while it sends goes to that port's handler.
        if (outcomes.defects() == defects) {
            outcomes.decided();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable bug) {
        outcomes.failed(bug);
    }
}
