package io.portcullis.engine.review;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowEnd;
import io.portcullis.conntrack.FlowTable;
import java.util.function.Consumer;

/** Ends flows that were selected on another thread: each unless it has ended since, even if its entry has another flow by now. */
public final class Flusher implements Sliced<Integer> {
    private final int[] entries;
    private final int[] numbers;
    private final FlowTable flows;
    /** Made on the thread that asks: linking it takes milliseconds. */
    private final Consumer<Flow> visitor = this::end;

    private int next;
    private int ended;

    /**
     * A flush that has ended no flow yet.
     *
     * @param entries of the flows
     * @param numbers of the flows ({@link Flow#number}), in the same order
     * @param flows the engine's
     */
    public Flusher(int[] entries, int[] numbers, FlowTable flows) {
        this.entries = entries.clone();
        this.numbers = numbers.clone();
        this.flows = flows;
    }

    @Override
    public boolean proceed(int most, long nowNs) {
        int end = (int) Math.min((long) next + most, entries.length);
        while (next < end) {
            flows.visit(entries[next], 1, nowNs, visitor);
            next++;
        }
        return next == entries.length;
    }

    private void end(Flow flow) {
        if (flow.number() == numbers[next]) {
            flows.remove(flow, FlowEnd.Reason.FLUSHED);
            ended++;
        }
    }

    /** How many flows have ended. */
    @Override
    public Integer result() {
        return ended;
    }
}
