package io.portcullis.conntrack;

import io.portcullis.net.Direction;
import io.portcullis.packet.Tuple;
import java.util.function.ToIntFunction;

/**
 * The fast path as the engine sees it. A frame that a program sent up has a tag where its flow has a line
 * ({@link io.portcullis.packet.Batch#tag(int)}): the line, and how many frames of the flow the program has sent up in that direction.
 * On the table's thread; allocates nothing.
 */
public interface FastPath extends FastLines {
    /**
     * True: a later frame of the flow may have been forwarded already, so this one must be dropped. Asked before the decision.
     *
     * @param tag not 0
     * @param tuple key of the frame
     */
    boolean isLate(long tag, Tuple tuple, Direction direction);

    /**
     * A frame with a tag has been decided about.
     *
     * @param tag not 0
     * @param tuple key of the frame
     * @return false: the line belongs to another flow by now, or to none
     */
    boolean note(long tag, Tuple tuple, Direction direction, long nowNs);

    /** A frame without a tag has passed by the flow of an entry: the flow gets a line if programs may forward its packets. */
    void offer(int entry, long nowNs);

    /** Grants what can be granted; all frames that were noted before have been sent. Once a duty cycle. */
    void settle(long nowNs);

    /**
     * Another policy is in force. Grants of flows whose directions it still permits stay valid; the others end within the slices of
     * {@link #proceed}. A second call before the last slice begins again.
     *
     * @param permits the directions of a flow that the policy permits, {@link FlowLine#INGRESS} and {@link FlowLine#EGRESS}; asked
     *     from now on
     * @param atOnce true: all grants end now
     */
    void review(ToIntFunction<Flow> permits, boolean atOnce);

    /** True: {@link #proceed} has work. */
    boolean isDue(long nowNs);

    /** Does a small part of the work that is due, of a few microseconds. */
    void proceed(long nowNs);

    /** Packets that programs have forwarded since the memory was made. */
    long forwardedPackets(Direction direction);

    /** Bytes of them, from the destination MAC address on. */
    long forwardedBytes(Direction direction);
}
