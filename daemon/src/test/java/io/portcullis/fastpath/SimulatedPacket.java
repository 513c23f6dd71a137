package io.portcullis.fastpath;

import io.portcullis.net.Direction;

/**
 * A packet of the simulation.
 *
 * @param number of its flow and direction, in the order of arrival
 * @param bytes on the wire
 * @param flags of TCP
 * @param sequence of TCP
 * @param end one past its last byte
 */
record SimulatedPacket(
        SimulatedFlow flow,
        Direction direction,
        long number,
        int bytes,
        int flags,
        int sequence,
        int end,
        int acknowledgment,
        int window) {}
