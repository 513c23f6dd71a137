package io.portcullis.worker;

import io.netty.util.concurrent.Promise;
import io.portcullis.engine.review.FlowReview;
import io.portcullis.engine.review.Reviewer;

/** A review of a worker's flows as a command in parts; ends early where nobody waits for the answer any longer. */
final class ReviewCommand implements Round.LongCommand {
    /** Takes a few microseconds. */
    private static final int ENTRIES_A_PART = 8;

    private final Reviewer reviewer;
    private final Promise<FlowReview> answer;

    ReviewCommand(Reviewer reviewer, Promise<FlowReview> answer) {
        this.reviewer = reviewer;
        this.answer = answer;
    }

    @Override
    public boolean proceed(long nowNs) {
        if (answer.isDone()) {
            return true;
        }
        try {
            if (!reviewer.proceed(ENTRIES_A_PART, nowNs)) {
                return false;
            }
            answer.trySuccess(reviewer.review());
        } catch (RuntimeException | Error defect) {
            answer.tryFailure(defect);
        }
        return true;
    }
}
