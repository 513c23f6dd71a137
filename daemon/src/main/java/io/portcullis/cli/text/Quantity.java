package io.portcullis.cli.text;

import java.time.Duration;
import java.util.Locale;

/** Times, sizes and rates with three digits at the most, for tables. */
public final class Quantity {
    private static final String PREFIXES = "kMGTPE";
    private static final int STEP = 1_000;
    private static final int TEN = 10;

    private Quantity() {}

    /** {@code 90s}, {@code 45m}, {@code 12h}, {@code 3d}: rounded down. */
    public static String time(long ms) {
        Duration time = Duration.ofMillis(ms);
        if (time.toDays() > 1) {
            return time.toDays() + "d";
        }
        if (time.toHours() > 1) {
            return time.toHours() + "h";
        }
        return time.toMinutes() > 1 ? time.toMinutes() + "m" : time.toSeconds() + "s";
    }

    /** {@code 812 B}, {@code 1.5 kB}, {@code 640 MB}. */
    public static String bytes(long bytes) {
        return scaled(bytes, "B");
    }

    /** A rate of bytes in bits: {@code 4.2 Mbit/s}. */
    public static String bits(long bytesPerSecond) {
        return scaled(bytesPerSecond * Byte.SIZE, "bit/s");
    }

    private static String scaled(long amount, String unit) {
        if (amount < STEP) {
            return amount + " " + unit;
        }
        double scaled = amount;
        int prefix = -1;
        // 999.5 is 1.0 of the next prefix.
        while (scaled >= STEP - 0.5) {
            scaled /= STEP;
            prefix++;
        }
        String number = String.format(Locale.ROOT, scaled < TEN - 0.05 ? "%.1f" : "%.0f", scaled);
        return number + " " + PREFIXES.charAt(prefix) + unit;
    }
}
