package io.portcullis.recorder;

import io.portcullis.engine.Reason;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Dropped frames of one second, as a reader sees them.
 *
 * @param worker whose ring has the record
 * @param number of the record in that ring, from 1
 * @param firstEpochNs time of the first of the frames, nanoseconds since 1970
 * @param lastEpochNs time of the last one so far
 * @param packets that were dropped
 * @param bytes of them on the wire
 * @param scope what the frames have in common; the other fields are those of the first frame
 * @param passed true: they passed, as {@code enforce: audit} drops nothing
 * @param source null: not IP
 * @param destination null: not IP
 * @param transport true: there is a layer 4; else ports, type, code and flags are 0
 * @param nearest hash of the rule that came nearest then; {@link #NOT_LOOKED_FOR}, {@link #NO_NEAREST}
 * @param frameLength bytes of the first frame
 * @param frame its beginning; read-only
 */
public record DropRecord(
        int worker,
        long number,
        long firstEpochNs,
        long lastEpochNs,
        long packets,
        long bytes,
        Scope scope,
        Direction direction,
        Reason reason,
        boolean passed,
        @Nullable Address source,
        @Nullable Address destination,
        int etherType,
        int protocol,
        boolean transport,
        int sourcePort,
        int destinationPort,
        int icmpType,
        int icmpCode,
        int tcpFlags,
        int vlans,
        int nearest,
        int frameLength,
        MemorySegment frame) {
    /** {@link #nearest}: nobody has looked for a rule yet. */
    public static final int NOT_LOOKED_FOR = 0;

    /** {@link #nearest}: no rule has anything in common with the packet. */
    public static final int NO_NEAREST = RecordLayout.NO_NEAREST;
}
