package io.portcullis.config.yaml;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.DocumentEndEvent;
import org.yaml.snakeyaml.events.DocumentStartEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.ImplicitTuple;
import org.yaml.snakeyaml.events.MappingEndEvent;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.NodeEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceEndEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.events.StreamEndEvent;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserException;

/**
 * The events of a text up to its first syntax error, then the events that end all open lists, maps and documents, so that a tree of the
 * readable part results. An alias of an unknown anchor becomes null.
 */
final class SalvagedEvents implements Parser {
    /** A list or a map that has not ended. */
    private static final class Open {
        private final boolean isMap;
        private boolean awaitsValue;

        Open(boolean isMap) {
            this.isMap = isMap;
        }
    }

    private final Parser parser;
    private final Supplier<Mark> here;
    private final int deepest;
    private final Deque<Open> open = new ArrayDeque<>();
    private final Set<String> anchors = new HashSet<>();
    private @Nullable Event next;
    private @Nullable MarkedYAMLException error;
    private Mark last = new Mark("", 0, 0, 0, new int[0], 0);
    private boolean inDocument;
    private boolean hasRoot;

    /**
     * Reads from another parser.
     *
     * @param here the parser's current position in the text
     * @param deepest limit of nested lists and maps; deeper nesting counts as a syntax error
     */
    SalvagedEvents(Parser parser, Supplier<Mark> here, int deepest) {
        this.parser = parser;
        this.here = here;
        this.deepest = deepest;
    }

    /**
     * The line, from 0, that may cause the syntax error; -1: there is no syntax error.
     *
     * @param atContext true: the line of the unclosed bracket or quote; false: the line where the parser failed
     */
    int faultyLine(boolean atContext) {
        MarkedYAMLException seen = error;
        if (seen == null) {
            return -1;
        }
        // The lines of a block before the problem are valid.
        boolean began = atContext
                && seen.getContextMark() != null
                && !String.valueOf(seen.getContext()).contains("block");
        Mark mark = began || seen.getProblemMark() == null ? seen.getContextMark() : seen.getProblemMark();
        return mark == null ? -1 : mark.getLine();
    }

    @Override
    public boolean checkEvent(Event.ID choice) {
        return peekEvent().is(choice);
    }

    @Override
    public Event peekEvent() {
        Event event = next;
        if (event == null) {
            event = following();
            next = event;
        }
        return event;
    }

    @Override
    public Event getEvent() {
        Event event = peekEvent();
        next = null;
        last = event.getEndMark();
        follow(event);
        return event;
    }

    private Event following() {
        if (error != null) {
            return ending();
        }
        try {
            Event event = parser.getEvent();
            if (event instanceof AliasEvent alias && !anchors.contains(alias.getAnchor())) {
                return nothing();
            }
            boolean opens = event instanceof SequenceStartEvent || event instanceof MappingStartEvent;
            if (opens && open.size() == deepest) {
                throw new ParserException(null, null, "nested too deeply", event.getStartMark());
            }
            return event;
        } catch (MarkedYAMLException e) {
            error = e;
            return ending();
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // Thrown by the library for an escape that is not a character.
            error = new ParserException(null, null, String.valueOf(e.getMessage()), here.get());
            return ending();
        }
    }

    /** The event that ends the innermost open list, map or document. */
    private Event ending() {
        Open innermost = open.peek();
        if (innermost == null) {
            if (!inDocument) {
                return new StreamEndEvent(last, last);
            }
            return hasRoot ? new DocumentEndEvent(last, last, false) : nothing();
        }
        if (!innermost.isMap) {
            return new SequenceEndEvent(last, last);
        }
        return innermost.awaitsValue ? nothing() : new MappingEndEvent(last, last);
    }

    private ScalarEvent nothing() {
        return new ScalarEvent(null, null, new ImplicitTuple(true, false), "", last, last, ScalarStyle.PLAIN);
    }

    private void follow(Event event) {
        if (event instanceof NodeEvent node) {
            Open innermost = open.peek();
            if (innermost != null) {
                innermost.awaitsValue = innermost.isMap && !innermost.awaitsValue;
            }
            hasRoot = true;
            if (node.getAnchor() != null) {
                anchors.add(node.getAnchor());
            }
        }
        switch (event) {
            case DocumentStartEvent _ -> {
                inDocument = true;
                hasRoot = false;
                anchors.clear();
            }
            case DocumentEndEvent _ -> inDocument = false;
            case SequenceStartEvent _ -> open.push(new Open(false));
            case MappingStartEvent _ -> open.push(new Open(true));
            case SequenceEndEvent _, MappingEndEvent _ -> open.pop();
            default -> {
                // Nothing begins or ends.
            }
        }
    }
}
