package io.portcullis.config.yaml;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** The most similar name to a misspelt one. */
public final class NearestName {
    /** Longest name that is compared: comparing takes time in proportion to the product of both lengths. */
    private static final int LONGEST = 255;

    private NearestName() {}

    /**
     * The name with the fewest edits (insert, remove, replace, swap two neighbours) from the written one, regardless of case; empty
     * if all need more edits than a third of its length.
     */
    public static Optional<String> to(String written, Collection<String> names) {
        if (written.length() > LONGEST) {
            return Optional.empty();
        }
        String wrong = written.toLowerCase(Locale.ROOT);
        int most = Math.max(1, wrong.length() / 3);
        String nearest = null;
        for (String name : names) {
            if (Math.abs(name.length() - wrong.length()) <= most) {
                int edits = edits(wrong, name.toLowerCase(Locale.ROOT));
                if (edits < name.length() && (edits < most || (edits == most && nearest == null))) {
                    most = edits;
                    nearest = name;
                }
            }
        }
        return Optional.ofNullable(nearest);
    }

    /** Optimal string alignment distance. */
    private static int edits(String from, String to) {
        int[] beforeLast = new int[to.length() + 1];
        int[] last = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            last[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] row = new int[to.length() + 1];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                boolean same = from.charAt(i - 1) == to.charAt(j - 1);
                row[j] = Math.min(Math.min(last[j], row[j - 1]) + 1, last[j - 1] + (same ? 0 : 1));
                boolean swapped = i > 1
                        && j > 1
                        && from.charAt(i - 1) == to.charAt(j - 2)
                        && from.charAt(i - 2) == to.charAt(j - 1);
                if (swapped) {
                    row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
                }
            }
            beforeLast = last;
            last = row;
        }
        return last[to.length()];
    }
}
