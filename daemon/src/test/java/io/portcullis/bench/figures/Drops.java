package io.portcullis.bench.figures;

import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The drops of a daemon by reason, as its metrics tell them. */
public final class Drops {
    private static final Pattern SERIES =
            Pattern.compile("(?m)^portcullis_drops_total\\{.*\\breason=\"([^\"]*)\".*} (\\S+)$");

    private Drops() {}

    /** Both directions and all interfaces together. */
    public static SortedMap<String, Long> of(String metrics) {
        SortedMap<String, Long> drops = new TreeMap<>();
        Matcher series = SERIES.matcher(metrics);
        while (series.find()) {
            drops.merge(series.group(1), Math.round(Double.parseDouble(series.group(2))), Long::sum);
        }
        return drops;
    }
}
