package io.portcullis.cli.replay;

import java.lang.foreign.MemorySegment;

/**
 * A frame as a capture file holds it.
 *
 * @param number in the file, from 1
 * @param epochNs nanoseconds since 1970-01-01 UTC, never negative
 * @param bytes of the file's link type; the end may be cut
 * @param originalLength bytes on the wire, at least those that are here
 */
record CapturedFrame(long number, long epochNs, MemorySegment bytes, int originalLength) {}
