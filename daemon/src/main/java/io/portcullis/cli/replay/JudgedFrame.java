package io.portcullis.cli.replay;

import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A frame and its verdict.
 *
 * @param number in the capture, from 1
 * @param epochNs its time, nanoseconds since 1970-01-01 UTC
 * @param direction null: {@link Verdict#SKIP}
 * @param subject the packet in it; to be asked during the call
 * @param rule number of the rule that admitted it; {@link io.portcullis.packet.Batch#NO_RULE}: none was asked
 * @param frame as captured, with an Ethernet header; valid during the call
 * @param length bytes of the whole frame
 */
record JudgedFrame(
        long number,
        long epochNs,
        @Nullable Direction direction,
        Supplier<Subject> subject,
        Verdict verdict,
        Reason reason,
        int rule,
        MemorySegment frame,
        int length) {}
