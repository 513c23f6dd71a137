package io.portcullis.config.edit;

import io.portcullis.config.yaml.Document;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.CollectionStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingEndEvent;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceEndEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.parser.Parser;

/**
 * Reads the nodes of a valid text. Unlike a composer it keeps the location of an alias, and makes nodes only of the branch that an edit
 * is about.
 */
final class NodeReader {
    private final String text;
    private final Parser parser;

    /** Two offsets of one place, the first in code points. */
    private int codePoint;

    private int offset;

    private NodeReader(String text) {
        this.text = text;
        this.parser = Document.events(text);
    }

    /**
     * The top map of a text; all other top-level values are {@link Node.Other}.
     *
     * @param text valid YAML with a map at its top, without byte order mark
     * @param branch keys from the top on, whose value has all its nodes
     */
    static Node.Entries top(String text, List<String> branch) {
        NodeReader reader = new NodeReader(text);
        Event event = reader.parser.getEvent();
        while (!(event instanceof NodeEvent)) {
            event = reader.parser.getEvent();
        }
        return (Node.Entries) reader.node(event, branch);
    }

    private int at(Mark mark) {
        offset = text.offsetByCodePoints(offset, mark.getIndex() - codePoint);
        codePoint = mark.getIndex();
        return offset;
    }

    private Node node(Event event, List<String> branch) {
        int start = at(event.getStartMark());
        return switch (event) {
            case AliasEvent _ -> new Node.Scalar(start, at(event.getEndMark()), "is an alias", "", false);
            case ScalarEvent scalar -> scalar(scalar, start);
            case SequenceStartEvent list -> list(list, start, branch);
            case MappingStartEvent map -> map(map, start, branch);
            default -> throw new IllegalStateException("not a node: " + event);
        };
    }

    private static @Nullable String obstacle(@Nullable String anchor, @Nullable String tag) {
        return anchor != null ? "has an anchor" : tag != null ? "has a tag" : null;
    }

    private Node.Scalar scalar(ScalarEvent event, int start) {
        int end = at(event.getEndMark());
        if (event.isLiteral() || event.isFolded()) {
            // The mark is behind the blank lines that follow.
            while (end > start && Splices.isBlankOrBreak(text.charAt(end - 1))) {
                end--;
            }
        }
        boolean isNull =
                event.isPlain() && List.of("", "~", "null", "Null", "NULL").contains(event.getValue());
        return new Node.Scalar(start, end, obstacle(event.getAnchor(), event.getTag()), event.getValue(), isNull);
    }

    private Node.Items list(SequenceStartEvent event, int start, List<String> branch) {
        List<Node> items = new ArrayList<>();
        int end = start;
        Event next = parser.getEvent();
        for (; !(next instanceof SequenceEndEvent); next = parser.getEvent()) {
            Node item = branch.isEmpty() ? node(next, branch) : other(next);
            items.add(item);
            end = item.end();
        }
        return new Node.Items(
                start, event.isFlow() ? at(next.getEndMark()) : end, obstacle(event), event.isFlow(), items);
    }

    private Node.Entries map(MappingStartEvent event, int start, List<String> branch) {
        List<Node.Entry> entries = new ArrayList<>();
        int end = start;
        Event next = parser.getEvent();
        for (; !(next instanceof MappingEndEvent); next = parser.getEvent()) {
            Node key = node(next, List.of());
            Node.Scalar name = key instanceof Node.Scalar scalar
                    ? scalar
                    : new Node.Scalar(key.start(), key.end(), "is a key that is not a text", "", false);
            Event value = parser.getEvent();
            boolean isWanted = branch.isEmpty() || branch.getFirst().equals(name.value());
            List<String> rest = branch.isEmpty() ? branch : branch.subList(1, branch.size());
            Node.Entry entry = new Node.Entry(name, isWanted ? node(value, rest) : other(value));
            entries.add(entry);
            end = entry.end();
        }
        // A list's item "key: value" is a flow map without braces, whose end mark is that of the next token.
        boolean hasBraces = event.isFlow() && (obstacle(event) != null || text.charAt(start) == '{');
        return new Node.Entries(
                start, hasBraces ? at(next.getEndMark()) : end, obstacle(event), event.isFlow(), entries);
    }

    private static @Nullable String obstacle(CollectionStartEvent event) {
        return obstacle(event.getAnchor(), event.getTag());
    }

    /** A value without its nodes. */
    private Node.Other other(Event event) {
        int start = at(event.getStartMark());
        if (event instanceof ScalarEvent scalar) {
            return new Node.Other(start, scalar(scalar, start).end(), null);
        }
        int end = at(event.getEndMark());
        if (event instanceof CollectionStartEvent collection) {
            boolean isFlow = collection.isFlow();
            Event next = parser.getEvent();
            for (; !(next instanceof SequenceEndEvent || next instanceof MappingEndEvent); next = parser.getEvent()) {
                end = other(next).end();
            }
            boolean isPair = isFlow
                    && next instanceof MappingEndEvent
                    && text.charAt(start) != '{'
                    && obstacle(collection) == null;
            end = isFlow && !isPair ? at(next.getEndMark()) : end;
            return new Node.Other(start, end, obstacle(collection));
        }
        return new Node.Other(start, end, event instanceof AliasEvent ? "is an alias" : null);
    }
}
