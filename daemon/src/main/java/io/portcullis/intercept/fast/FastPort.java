package io.portcullis.intercept.fast;

import io.portcullis.config.PacketMark;
import io.portcullis.net.Direction;

/**
 * The place of a port's programs: on a bridge the ingress hook of the port's NIC; on a host the NIC's ingress hook for the outside
 * port, and its egress hook for the inside port.
 *
 * @param direction of the frames: ingress at the outside port, egress at the inside port
 * @param host true: what the programs forward goes on to the next program, and what the daemon sends passes the hook with our mark;
 *     false: what the programs forward leaves by the NIC {@code peer}, with our mark
 * @param peer index of the NIC of the other port; of a host the same NIC
 * @param tap index of the NIC on whose ingress the frames for the daemon arrive
 * @param mark of our frames
 * @param followed true: a program behind, of this interface, passes the frames with our mark and no others. So a program of a host
 *     has to mark each frame that it forwards, and leaves the mark of those that have it
 */
public record FastPort(Direction direction, boolean host, int peer, int tap, PacketMark mark, boolean followed) {
    /** The same port, for a program that another one of this interface is behind. */
    public FastPort beforeAnother() {
        return new FastPort(direction, host, peer, tap, mark, true);
    }
}
