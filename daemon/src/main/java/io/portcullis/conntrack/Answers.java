package io.portcullis.conntrack;

/** What today's rules answered when they were asked about the first packet of a flow; forgotten together when they change. */
final class Answers {
    private static final int BITS = 23;
    private static final int MASK = (1 << BITS) - 1;
    /** Answers begin at -2. */
    private static final int OFFSET = 2;

    private static final int EPOCHS = 511;

    private final Links links;
    private int epoch = 1;
    private int cleared;

    Answers(Links links) {
        this.links = links;
    }

    /**
     * Forgets all of them.
     *
     * @param capacity how many entries there are
     * @param unused the entries from here on have never been used
     */
    void forget(int capacity, int unused) {
        // An epoch comes again after as many calls as there are parts, and by then each part has been cleared once.
        long part = (capacity + EPOCHS - 1L) / EPOCHS;
        long from = cleared * part;
        for (long entry = from; entry < Math.min(from + part, unused); entry++) {
            forget((int) entry);
        }
        cleared = (cleared + 1) % EPOCHS;
        epoch = epoch % EPOCHS + 1;
    }

    void forget(int entry) {
        links.set(entry, Links.ANSWER, 0);
    }

    void keep(int entry, int answer) {
        links.set(entry, Links.ANSWER, epoch << BITS | answer + OFFSET);
    }

    boolean isKept(int entry) {
        return links.get(entry, Links.ANSWER) >>> BITS == epoch;
    }

    int get(int entry) {
        return (links.get(entry, Links.ANSWER) & MASK) - OFFSET;
    }
}
