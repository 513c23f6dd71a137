package io.portcullis.history;

import java.time.Duration;

/**
 * A change that is in force and waits for its confirmation.
 *
 * @param pending as it is on the disk
 * @param by who made it, as text
 * @param deadlineNs when it goes back, System.nanoTime()
 */
public record Waiting(Pending pending, String by, long deadlineNs) {
    /** For {@code rest} from {@code nowNs} on. */
    public static Waiting begin(Pending pending, String by, Duration rest, long nowNs) {
        return new Waiting(pending, by, nowNs + rest.toNanos());
    }

    /** True: its time is over. */
    public boolean isOver(long nowNs) {
        return nowNs - deadlineNs >= 0;
    }

    /** One sentence for people. */
    @Override
    public String toString() {
        return "change @" + pending.change() + " by " + by + " goes back to @" + pending.base() + " at "
                + pending.until()
                + " unless it is confirmed: portcullis confirm keeps it, portcullis rollback ends it now";
    }
}
