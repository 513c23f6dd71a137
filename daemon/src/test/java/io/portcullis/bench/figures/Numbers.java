package io.portcullis.bench.figures;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;

/** Numbers as text, and medians. */
public final class Numbers {
    private static final int DIGITS = 6;

    private Numbers() {}

    /** As {@link String#format}, but independent of the machine's locale. */
    // Error Prone's annotation would be the only library that this program needs.
    @SuppressWarnings("AnnotateFormatMethod")
    public static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    /** As C's {@code %.6g}. */
    public static String general(double value) {
        return general(value, DIGITS);
    }

    /** As C's {@code %.<digits>g}: that many significant digits, no trailing zeros, an exponent where it is shorter. */
    public static String general(double value, int digits) {
        if (value == 0) {
            return "0";
        }
        BigDecimal rounded = new BigDecimal(value)
                .round(new MathContext(digits, RoundingMode.HALF_EVEN))
                .stripTrailingZeros();
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < digits) {
            return rounded.toPlainString();
        }
        String mantissa = rounded.movePointLeft(exponent).stripTrailingZeros().toPlainString();
        return mantissa + format("e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    /** The middle value, or the mean of the two in the middle. */
    public static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int n = sorted.size();
        return (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
    }

    public static double lowest(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    public static double highest(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }
}
