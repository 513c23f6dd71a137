package io.portcullis.conntrack;

/** The flows without a reply in the order of their creation: its head makes room when a table is full. */
final class UnrepliedOrder {
    private final Links links;
    private int oldest;
    private int youngest;

    UnrepliedOrder(Links links) {
        this.links = links;
    }

    void append(int entry) {
        links.set(entry, Links.OLDER, youngest);
        links.set(entry, Links.YOUNGER, 0);
        if (youngest == 0) {
            oldest = entry + 1;
        } else {
            links.set(youngest - 1, Links.YOUNGER, entry + 1);
        }
        youngest = entry + 1;
    }

    void remove(int entry) {
        int older = links.get(entry, Links.OLDER);
        int younger = links.get(entry, Links.YOUNGER);
        if (older == 0) {
            oldest = younger;
        } else {
            links.set(older - 1, Links.YOUNGER, younger);
        }
        if (younger == 0) {
            youngest = older;
        } else {
            links.set(younger - 1, Links.OLDER, older);
        }
    }

    /** The oldest that is not {@code but}, or -1. */
    int oldestBut(int but) {
        int entry = oldest - 1;
        return entry == but && entry >= 0 ? links.get(entry, Links.YOUNGER) - 1 : entry;
    }
}
