package io.portcullis.history;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

/**
 * A change that goes back unless it is confirmed in time: {@code pending.json} in its folder.
 *
 * @param change its number
 * @param base number of the change to which it goes back
 * @param at when the wait began, ISO 8601, UTC
 * @param until when it ends
 * @param session {@code SSH_CONNECTION} of the actor; empty: none
 * @param reverting why it goes back, where that has begun; empty: it waits
 */
public record Pending(long change, long base, String at, String until, String session, String reverting) {
    /** Refuses what no daemon has written. */
    public Pending {
        session = Objects.requireNonNullElse(session, "");
        reverting = Objects.requireNonNullElse(reverting, "");
        try {
            Instant.parse(Objects.requireNonNull(at, "no at"));
            Instant.parse(Objects.requireNonNull(until, "no until"));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Begins at {@code now}. */
    public static Pending of(long change, long base, Instant now, Duration wait, String session) {
        return new Pending(change, base, now.toString(), now.plus(wait).toString(), session, "");
    }

    /** The same, which goes back. */
    public Pending revertingFor(String reason) {
        return new Pending(change, base, at, until, session, reason);
    }

    /**
     * The rest of the wait; zero: it is over. A clock that went back behind the beginning ends it: how much time has passed is not known
     * then.
     */
    public Duration rest(Instant now) {
        Instant end = Instant.parse(until);
        boolean isOver = !reverting.isEmpty() || now.isBefore(Instant.parse(at)) || !now.isBefore(end);
        return isOver ? Duration.ZERO : Duration.between(now, end);
    }
}
