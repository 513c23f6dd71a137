package io.portcullis.conntrack.index;

/**
 * Which entries have a flow, how many, and the number of the youngest. Entries without a flow are either in a free list or
 * at {@link #unused} and above, which have never been used: so a table touches no memory that it has not needed yet.
 */
public final class EntryPool {
    private final Links links;
    private int unused;
    /** First entry of the free list + 1, or 0; the list uses the wheel's links. */
    private int free;

    private int size;
    /** Number of the youngest flow, modulo 2^32. */
    private int youngest;

    /** A pool whose entries have never been used. */
    public EntryPool(Links links) {
        this.links = links;
    }

    /** The first entry that has never been used. */
    public int unused() {
        return unused;
    }

    /** Number of entries with a flow. */
    public int size() {
        return size;
    }

    /** The number of a new flow. */
    public int nextNumber() {
        return ++youngest;
    }

    /** The number of the youngest flow. */
    public int youngest() {
        return youngest;
    }

    /** Takes an entry without a flow; there must be one. */
    public int take() {
        size++;
        if (free == 0) {
            return unused++;
        }
        int entry = free - 1;
        free = links.get(entry, Links.WHEEL_NEXT);
        return entry;
    }

    /** Gives an entry back whose flow has ended. */
    public void giveBack(int entry) {
        size--;
        addFree(entry);
    }

    /**
     * At a start: takes an entry that has a flow, not before {@link #unused}.
     *
     * @param number of the flow
     */
    public void takeFound(int entry, int number) {
        for (int hole = unused; hole < entry; hole++) {
            addFree(hole);
        }
        unused = entry + 1;
        youngest = size == 0 || number - youngest > 0 ? number : youngest;
        size++;
    }

    private void addFree(int entry) {
        links.set(entry, Links.WHEEL_NEXT, free);
        free = entry + 1;
    }
}
