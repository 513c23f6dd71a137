package io.portcullis.engine;

import io.portcullis.net.Direction;

/**
 * A TCP connection that was established before the engine started, as the kernel of one of its ends reports it. Addresses are two
 * big-endian halves; IPv4 is the low 32 bits of the low half.
 *
 * @param direction in which it was opened
 * @param outsideScale shift count for the windows that the side outside offers; -1: unknown
 * @param insideScale that of the side inside
 */
public record Adopted(
        boolean v6,
        long outsideHigh,
        long outsideLow,
        int outsidePort,
        long insideHigh,
        long insideLow,
        int insidePort,
        Direction direction,
        int outsideScale,
        int insideScale) {}
