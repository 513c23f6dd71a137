package io.portcullis.cli.replay;

import io.portcullis.engine.Reason;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Counts frames by direction, verdict and reason, and the frames that each rule admitted. */
final class Counts implements FrameSink {
    /** Frames with the same direction, verdict and reason. */
    record Count(@Nullable Direction direction, Verdict verdict, Reason reason, long frames, long bytes) {}

    private static final int SKIPPED = Direction.values().length;

    private final long[][][] frames = new long[SKIPPED + 1][Verdict.values().length][Reason.values().length];
    private final long[][][] bytes = new long[SKIPPED + 1][Verdict.values().length][Reason.values().length];
    private final long[] admitted;
    private long total;
    private long firstNs = Long.MAX_VALUE;
    private long lastNs;

    /** Nothing counted, for a policy with so many rules. */
    Counts(int rules) {
        admitted = new long[rules];
    }

    @Override
    public void take(JudgedFrame judged) {
        Direction direction = judged.direction();
        int way = direction == null ? SKIPPED : direction.ordinal();
        frames[way][judged.verdict().ordinal()][judged.reason().ordinal()]++;
        bytes[way][judged.verdict().ordinal()][judged.reason().ordinal()] += judged.length();
        if (judged.rule() >= 0) {
            admitted[judged.rule()]++;
        }
        total++;
        firstNs = Math.min(firstNs, judged.epochNs());
        lastNs = Math.max(lastNs, judged.epochNs());
    }

    /** All counts that are not 0: ingress, then egress, then skipped frames. */
    List<Count> all() {
        List<Count> all = new ArrayList<>();
        for (int way = 0; way <= SKIPPED; way++) {
            for (Verdict verdict : Verdict.values()) {
                for (Reason reason : Reason.values()) {
                    long count = frames[way][verdict.ordinal()][reason.ordinal()];
                    if (count > 0) {
                        all.add(new Count(
                                way == SKIPPED ? null : Direction.values()[way],
                                verdict,
                                reason,
                                count,
                                bytes[way][verdict.ordinal()][reason.ordinal()]));
                    }
                }
            }
        }
        return all;
    }

    long frames(Verdict verdict) {
        return all().stream()
                .filter(count -> count.verdict == verdict)
                .mapToLong(Count::frames)
                .sum();
    }

    long frames(Reason reason) {
        return all().stream()
                .filter(count -> count.reason == reason)
                .mapToLong(Count::frames)
                .sum();
    }

    /** Frames that a rule admitted: the first of each flow, and those that belong to none. */
    long admitted(int rule) {
        return admitted[rule];
    }

    long total() {
        return total;
    }

    /** Time of the earliest frame, nanoseconds since 1970-01-01 UTC; 0 without frames. */
    long firstNs() {
        return total == 0 ? 0 : firstNs;
    }

    /** Time between the earliest and the latest frame, nanoseconds. */
    long durationNs() {
        return total == 0 ? 0 : lastNs - firstNs;
    }
}
