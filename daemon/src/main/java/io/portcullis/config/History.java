package io.portcullis.config;

/**
 * The configurations that were in force earlier.
 *
 * @param keep how many are kept, {@value #FEWEST} to {@value #MOST}
 */
public record History(int keep) {
    public static final int FEWEST = 1;
    public static final int MOST = 10_000;

    /** The default. */
    public static final History STANDARD = new History(50);

    public History {
        if (keep < FEWEST || keep > MOST) {
            throw new IllegalArgumentException("keep " + keep);
        }
    }
}
