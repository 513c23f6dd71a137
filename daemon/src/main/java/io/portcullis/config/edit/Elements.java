package io.portcullis.config.edit;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Changes of the items of a list or the entries of a map, in block or flow style. */
final class Elements {
    /** An item, or an entry with its key. */
    private record Element(int start, int end, Node node) {}

    /** An element to be added. */
    private record Added(@Nullable String key, Fresh value) {
        String flow() {
            return (key == null ? "" : Words.text(key) + ": ") + value.flow();
        }

        List<String> lines(String indent, String step) {
            return key == null ? List.of(indent + "- " + value.flow()) : value.lines(key, indent, step);
        }
    }

    private final Splices splices;

    /** Null: the top map. */
    private final @Nullable Place place;

    private final Node value;
    private final boolean isMap;
    private final boolean isFlow;
    private final List<Element> elements = new ArrayList<>();
    private final TreeSet<Integer> dropped = new TreeSet<>();
    private final Map<Integer, Added> replaced = new HashMap<>();
    private final TreeMap<Integer, List<Added>> behind = new TreeMap<>();
    private final List<Added> appended = new ArrayList<>();

    private Elements(Splices splices, @Nullable Place place, Node value, boolean isMap) throws EditException {
        this.splices = splices;
        this.place = place;
        this.value = value;
        this.isMap = isMap;
        switch (value) {
            case Node.Items list
            when !isMap -> {
                isFlow = list.isFlow();
                list.items().forEach(item -> elements.add(new Element(item.start(), item.end(), item)));
            }
            case Node.Entries map
            when isMap -> {
                isFlow = map.isFlow();
                map.entries()
                        .forEach(entry -> elements.add(new Element(entry.key().start(), entry.end(), entry.value())));
            }
            case Node.Scalar scalar when scalar.isNull() -> isFlow = true;
            default -> throw splices.refuse(value.start(), "is not a " + (isMap ? "map" : "list"));
        }
    }

    /** The items of a list. */
    static Elements items(Place place) throws EditException {
        return new Elements(place.splices(), place, place.entry().value(), false);
    }

    /** The entries of a map. */
    static Elements entries(Place place) throws EditException {
        return new Elements(place.splices(), place, place.entry().value(), true);
    }

    /** The entries of the top map. */
    static Elements entries(Splices splices, Node.Entries top) throws EditException {
        return new Elements(splices, null, top, true);
    }

    /** The entries of an item of a list. */
    static Elements entriesOf(Splices splices, Node.Entries item) throws EditException {
        return new Elements(splices, null, item, true);
    }

    int size() {
        return elements.size();
    }

    Node node(int index) {
        return elements.get(index).node();
    }

    void drop(int index) throws EditException {
        Place.requirePlain(splices, node(index), isMap ? "the value" : "the item");
        dropped.add(index);
    }

    void replace(int index, String yaml) throws EditException {
        Place.requirePlain(splices, node(index), "the item");
        replaced.put(index, new Added(null, new Fresh.Line(yaml)));
    }

    /** Adds an item behind another one. */
    void insert(int index, String yaml) {
        behind.computeIfAbsent(index, _ -> new ArrayList<>()).add(new Added(null, new Fresh.Line(yaml)));
    }

    /** Adds an entry behind another one. */
    void insert(int index, String key, Fresh fresh) {
        behind.computeIfAbsent(index, _ -> new ArrayList<>()).add(new Added(key, fresh));
    }

    /** Adds an item at the end. */
    void append(String yaml) {
        appended.add(new Added(null, new Fresh.Line(yaml)));
    }

    /** Adds an entry at the end. */
    void append(String key, Fresh fresh) {
        appended.add(new Added(key, fresh));
    }

    /** Adds the splices of all changes. */
    void splice() throws EditException {
        if (elements.isEmpty()) {
            fill();
            return;
        }
        if (dropped.size() == elements.size() && !appended.isEmpty() && !isMap) {
            dropped.remove(0);
            replaced.put(0, appended.removeFirst());
        }
        if (!appended.isEmpty()) {
            int last = lastKept();
            behind.computeIfAbsent(last < 0 ? elements.size() - 1 : last, _ -> new ArrayList<>())
                    .addAll(appended);
        }
        replaced.forEach((index, added) ->
                splices.replace(elements.get(index).start(), elements.get(index).end(), added.flow()));
        for (Map.Entry<Integer, List<Added>> each : behind.entrySet()) {
            insertBehind(elements.get(each.getKey()), each.getValue());
        }
        if (isFlow) {
            new FlowRemoval(splices, value.start(), value.end(), ranges(), dropped).splice();
            return;
        }
        for (int index : dropped) {
            dropLines(index);
        }
        if (dropped.size() == elements.size() && behind.isEmpty()) {
            splices.insert(holder().colon() + 1, isMap ? " {}" : " []");
        }
    }

    private List<FlowRemoval.Range> ranges() {
        return elements.stream()
                .map(element -> new FlowRemoval.Range(element.start(), element.end()))
                .toList();
    }

    private int lastKept() {
        for (int index = elements.size() - 1; index >= 0; index--) {
            if (!dropped.contains(index)) {
                return index;
            }
        }
        return -1;
    }

    private Place holder() throws EditException {
        if (place == null) {
            throw splices.refuse(value.start(), "the last entry cannot be removed here");
        }
        return place;
    }

    private void insertBehind(Element element, List<Added> added) throws EditException {
        if (isFlow) {
            added.forEach(each -> splices.insert(element.end(), ", " + each.flow()));
            return;
        }
        String indent = indent();
        int above = place == null ? -1 : place.indentation();
        if (!splices.isLast(element.end())) {
            throw splices.refuse(element.end(), "something follows in the same line");
        }
        for (Added each : added) {
            insertLines(element.end(), each.lines(indent, Place.step(indent.length(), above)));
        }
    }

    private void insertLines(int in, List<String> lines) {
        int at = splices.lineEnd(in);
        String newline = splices.newline(in);
        lines.forEach(line -> splices.insert(at, newline + line));
    }

    /** The indentation of the dashes or keys. */
    private String indent() throws EditException {
        String before = splices.before(value.start());
        if (before.isBlank()) {
            return before;
        }
        if (isMap && before.chars().allMatch(c -> c == ' ' || c == '-')) {
            return " ".repeat(before.length());
        }
        throw splices.refuse(
                value.start(),
                (isMap ? "the key" : "the dash") + " is not first in its line: put it on a line of its own");
    }

    private void dropLines(int index) throws EditException {
        Element element = elements.get(index);
        int start = isMap ? element.start() : dash(index);
        if (!splices.before(start).isBlank()) {
            throw splices.refuse(
                    start, (isMap ? "the key" : "the dash") + " is not first in its line: put it on a line of its own");
        }
        if (!splices.isLast(element.end())) {
            throw splices.refuse(element.end(), "something follows in the same line");
        }
        splices.deleteLines(start, element.end());
    }

    private int dash(int index) throws EditException {
        int dash = index == 0
                ? value.start()
                : splices.nextToken(elements.get(index - 1).end());
        if (!splices.isAt(dash, '-')) {
            throw splices.refuse(dash, "there is no dash here");
        }
        return dash;
    }

    /** Adds the first elements of an empty list or map. */
    private void fill() throws EditException {
        if (appended.isEmpty()) {
            return;
        }
        Place at = holder();
        boolean isWritten = !(value instanceof Node.Scalar);
        boolean hasText = isWritten
                && !splices.text().substring(value.start() + 1, value.end() - 1).isBlank();
        int colon = at.colon();
        if (at.parent().isFlow() || hasText) {
            String flow = String.join(", ", appended.stream().map(Added::flow).toList());
            if (isWritten) {
                splices.insert(value.start() + 1, flow);
            } else {
                splices.replace(
                        colon + 1, Math.max(colon + 1, value.end()), isMap ? " {" + flow + "}" : " [" + flow + "]");
            }
            return;
        }
        String indent = at.indent();
        int end = Math.max(colon + 1, value.end());
        boolean isSameLine = splices.isOneLine(colon, end);
        if (!splices.isLast(end)) {
            throw splices.refuse(end, "something follows in the same line");
        }
        splices.delete(isSameLine ? colon + 1 : value.start(), end);
        for (Added each : appended) {
            insertLines(end, each.lines(indent + at.step(), at.step()));
        }
    }
}
