package io.portcullis.worker;

import io.portcullis.conntrack.FastPath;
import io.portcullis.conntrack.Flow;
import io.portcullis.net.Direction;
import io.portcullis.packet.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** A fast path that notes what a round asks of it. */
final class SteppedFastPath implements FastPath {
    final List<String> calls = new ArrayList<>();
    /** Parts of work that are due. */
    int parts;

    @Override
    public void settle(long nowNs) {
        calls.add("settle");
    }

    @Override
    public long forwardedPackets(Direction direction) {
        return 0;
    }

    @Override
    public long forwardedBytes(Direction direction) {
        return 0;
    }

    @Override
    public boolean isDue(long nowNs) {
        return parts > 0;
    }

    @Override
    public void proceed(long nowNs) {
        parts--;
    }

    @Override
    public void offer(int entry, long nowNs) {
        calls.add("offer");
    }

    @Override
    public void fold(int entry, long nowNs) {
        // No flow has a line.
    }

    @Override
    public void leave(int entry) {
        // No flow has a line.
    }

    @Override
    public boolean carries(int entry) {
        return false;
    }

    @Override
    public boolean isLate(long tag, Tuple tuple, Direction direction) {
        return false;
    }

    @Override
    public boolean note(long tag, Tuple tuple, Direction direction, long nowNs) {
        return false;
    }

    @Override
    public void review(ToIntFunction<Flow> permits, boolean atOnce) {
        calls.add("review");
    }
}
