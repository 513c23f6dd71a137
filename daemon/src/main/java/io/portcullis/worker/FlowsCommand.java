package io.portcullis.worker;

import io.netty.util.concurrent.Promise;
import io.portcullis.engine.review.Sliced;

/** Work on a worker's flows as a command in parts; ends early where nobody waits for the answer any longer. */
final class FlowsCommand<T> implements Round.LongCommand {
    /** Takes a few microseconds. */
    private static final int ENTRIES_A_PART = 8;

    private final Sliced<T> work;
    private final Promise<T> answer;

    FlowsCommand(Sliced<T> work, Promise<T> answer) {
        this.work = work;
        this.answer = answer;
    }

    @Override
    public boolean proceed(long nowNs) {
        if (answer.isDone()) {
            return true;
        }
        try {
            if (!work.proceed(ENTRIES_A_PART, nowNs)) {
                return false;
            }
            answer.trySuccess(work.result());
        } catch (RuntimeException | Error defect) {
            answer.tryFailure(defect);
        }
        return true;
    }
}
