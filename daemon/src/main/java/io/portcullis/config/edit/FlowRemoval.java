package io.portcullis.config.edit;

import java.util.List;
import java.util.Set;

/** Removes elements of a flow list or map, each with one comma. An element that has its lines for itself goes with its lines. */
final class FlowRemoval {
    /** An element. */
    record Range(int start, int end) {}

    private final Splices splices;
    private final int start;
    private final int end;
    private final List<Range> elements;
    private final Set<Integer> dropped;

    /**
     * For one list or map.
     *
     * @param start of its opening bracket
     * @param end behind its closing one
     */
    FlowRemoval(Splices splices, int start, int end, List<Range> elements, Set<Integer> dropped) {
        this.splices = splices;
        this.start = start;
        this.end = end;
        this.elements = elements;
        this.dropped = dropped;
    }

    void splice() {
        if (dropped.isEmpty()) {
            return;
        }
        int lastKept = lastKept();
        if (lastKept < 0 && splices.isOneLine(start, end)) {
            splices.delete(start + 1, end - 1);
            return;
        }
        for (int index : dropped) {
            if (index < lastKept) {
                removeWithComma(index);
            }
        }
        if (lastKept < elements.size() - 1) {
            removeTail(lastKept);
        }
    }

    private int lastKept() {
        for (int index = elements.size() - 1; index >= 0; index--) {
            if (!dropped.contains(index)) {
                return index;
            }
        }
        return -1;
    }

    /** Offset of the comma behind an element; -1: there is none. */
    private int comma(int index) {
        int comma = splices.nextToken(elements.get(index).end());
        return splices.isAt(comma, ',') ? comma : -1;
    }

    /** True if the lines of an element hold nothing else but its comma and a comment. */
    private boolean hasOwnLines(int index) {
        Range element = elements.get(index);
        int comma = comma(index);
        int last = comma < 0 ? element.end() : comma + 1;
        return splices.before(element.start()).isBlank()
                && splices.isOneLine(element.end(), last)
                && splices.isLast(last);
    }

    private void removeLines(int index) {
        Range element = elements.get(index);
        splices.deleteLines(element.start(), element.end());
    }

    private void removeWithComma(int index) {
        Range element = elements.get(index);
        int comma = comma(index);
        if (hasOwnLines(index)) {
            removeLines(index);
        } else if (splices.isOneLine(element.end(), comma)) {
            splices.delete(element.start(), splices.isLast(comma + 1) ? comma + 1 : splices.behindBlanks(comma + 1));
        } else {
            splices.delete(element.start(), element.end());
            splices.delete(comma, comma + 1);
        }
    }

    /** Removes all elements behind the last one that stays, or all, and the comma before them. */
    private void removeTail(int lastKept) {
        int last = elements.size() - 1;
        int from = lastKept < 0 ? start + 1 : elements.get(lastKept).end();
        int to = lastKept < 0 && comma(last) >= 0
                ? comma(last) + 1
                : elements.get(last).end();
        if (splices.isOneLine(from, to)) {
            splices.delete(from, to);
            return;
        }
        boolean hasCommaAtEnd = true;
        for (int index = lastKept + 1; index <= last; index++) {
            int comma = comma(index);
            boolean hasOwnLines = hasOwnLines(index);
            if (hasOwnLines) {
                removeLines(index);
            } else {
                splices.delete(elements.get(index).start(), elements.get(index).end());
                if (comma >= 0 && (index < last || lastKept < 0)) {
                    splices.delete(comma, comma + 1);
                }
            }
            // The comma behind the element that stays takes the place of one at the list's end.
            hasCommaAtEnd = index == last && hasOwnLines && comma >= 0;
        }
        if (lastKept >= 0 && !hasCommaAtEnd) {
            int comma = comma(lastKept);
            splices.delete(comma, comma + 1);
        }
    }
}
