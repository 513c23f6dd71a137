package io.portcullis.conntrack.index;

/**
 * Cached rule answers: for each flow, what the rules in force answered about its first packet. {@link #forget(int, int)}
 * drops all answers at once, when other rules come into force: an answer holds for its epoch only.
 *
 * <p>One word of {@link Links} per entry: epoch (9 bits, from 1), answer + {@value #OFFSET} (23 bits); 0: no answer.
 */
public final class RuleAnswers {
    private static final int BITS = 23;
    private static final int MASK = (1 << BITS) - 1;
    /** The lowest answer is -2. */
    private static final int OFFSET = 2;

    private static final int EPOCHS = 511;

    private final Links links;
    private int epoch = 1;
    private int cleared;

    /** No answers. */
    public RuleAnswers(Links links) {
        this.links = links;
    }

    /**
     * Drops the answers of all flows.
     *
     * @param capacity number of entries
     * @param unused the first entry that has never been used
     */
    public void forget(int capacity, int unused) {
        // An epoch's number returns after EPOCHS calls. Each call clears one of EPOCHS parts, so no answer is left by
        // then.
        long part = (capacity + EPOCHS - 1L) / EPOCHS;
        long from = cleared * part;
        for (long entry = from; entry < Math.min(from + part, unused); entry++) {
            forget((int) entry);
        }
        cleared = (cleared + 1) % EPOCHS;
        epoch = epoch % EPOCHS + 1;
    }

    /** Drops the answer of one entry. */
    public void forget(int entry) {
        links.set(entry, Links.ANSWER, 0);
    }

    /** Caches an answer of the rules in force: -2 or more. */
    public void put(int entry, int answer) {
        links.set(entry, Links.ANSWER, epoch << BITS | answer + OFFSET);
    }

    /** True: {@link #get} returns an answer of the rules in force. */
    public boolean has(int entry) {
        return links.get(entry, Links.ANSWER) >>> BITS == epoch;
    }

    /** The cached answer. */
    public int get(int entry) {
        return (links.get(entry, Links.ANSWER) & MASK) - OFFSET;
    }
}
