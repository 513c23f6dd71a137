package io.portcullis.service.emergency;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;

/**
 * Everything passes one interface until a deadline. It is over before where a clock went back or the machine has booted anew: how much
 * time has passed is not known then.
 *
 * @param interfaceName of the configuration
 * @param by who ordered it
 * @param at when, ISO 8601, UTC
 * @param until the deadline
 * @param boot in which it was ordered
 * @param untilMonotonicUs the deadline by that boot's CLOCK_MONOTONIC, microseconds
 */
record Bypass(String interfaceName, String by, String at, String until, String boot, long untilMonotonicUs) {
    /** Refuses what no daemon has written. */
    Bypass {
        Objects.requireNonNull(interfaceName, "no interfaceName");
        Objects.requireNonNull(by, "no by");
        Objects.requireNonNull(boot, "no boot");
        try {
            Instant.parse(Objects.requireNonNull(at, "no at"));
            Instant.parse(Objects.requireNonNull(until, "no until"));
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** Begins now. */
    static Bypass of(String interfaceName, String by, Moment now, Duration time) {
        Instant at = now.wall().truncatedTo(ChronoUnit.MILLIS);
        return new Bypass(
                interfaceName,
                by,
                at.toString(),
                at.plus(time).toString(),
                now.boot(),
                now.monotonicUs() + time.toNanos() / 1_000);
    }

    boolean isOver(Moment now) {
        return !now.boot().equals(boot)
                || now.monotonicUs() >= untilMonotonicUs
                || now.wall().isBefore(Instant.parse(at))
                || !now.wall().isBefore(Instant.parse(until));
    }

    /** The deadline in seconds since 1970. */
    long untilEpochSeconds() {
        return Instant.parse(until).getEpochSecond();
    }
}
