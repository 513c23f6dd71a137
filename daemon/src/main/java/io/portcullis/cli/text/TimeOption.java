package io.portcullis.cli.text;

import io.portcullis.net.DurationText;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** An option that takes a time, such as {@code --for 5m}. */
public final class TimeOption {
    private static final Duration LONGEST = Duration.ofMillis(Long.MAX_VALUE);

    private TimeOption() {}

    /**
     * The time in milliseconds, more than 0.
     *
     * @param option its name, for the message
     * @param text null: it is not given
     * @param example for the message
     * @return 0: it is not given
     * @throws IllegalArgumentException if it is no time; the message is a sentence
     */
    public static long millis(String option, @Nullable String text, String example) {
        if (text == null) {
            return 0;
        }
        Duration read = DurationText.parse(text)
                .filter(duration -> !duration.isZero())
                .orElseThrow(() -> new IllegalArgumentException(
                        option + " " + text + ": write a number and its unit, ms, s, m, h or d, such as " + example));
        return read.compareTo(LONGEST) > 0 ? Long.MAX_VALUE : read.toMillis();
    }
}
