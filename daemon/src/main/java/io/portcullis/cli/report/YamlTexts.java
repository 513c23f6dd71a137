package io.portcullis.cli.report;

import io.portcullis.config.yaml.Document;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.events.MappingEndEvent;
import org.yaml.snakeyaml.events.MappingStartEvent;
import org.yaml.snakeyaml.events.ScalarEvent;
import org.yaml.snakeyaml.events.SequenceEndEvent;
import org.yaml.snakeyaml.events.SequenceStartEvent;
import org.yaml.snakeyaml.events.StreamEndEvent;
import org.yaml.snakeyaml.parser.Parser;

/**
 * Where a configuration file has text for people.
 *
 * @param yaml the file, without a byte order mark
 * @param scalars every scalar, in the order of the file
 */
record YamlTexts(String yaml, List<Scalar> scalars) {
    private static final Set<String> KEYS = Set.of("description", "note", "why");

    /**
     * A scalar.
     *
     * @param start index of its first character, as of a String
     * @param end index behind it
     * @param isText true: it is the value of a key such as {@code description}
     */
    private record Scalar(int start, int end, String value, boolean isText) {}

    /** A map or a list that has begun. */
    private static final class Level {
        private final boolean isMap;
        private boolean isKeyNext;
        private boolean isTextNext;

        Level(boolean isMap) {
            this.isMap = isMap;
            isKeyNext = isMap;
        }

        /** A node has ended. */
        void next(String scalar) {
            if (isMap) {
                isTextNext = isKeyNext && KEYS.contains(scalar);
                isKeyNext = !isKeyNext;
            }
        }
    }

    /**
     * Finds them.
     *
     * @throws org.yaml.snakeyaml.error.YAMLException if it is not valid YAML
     */
    static YamlTexts of(String text) {
        String yaml = Document.withoutByteOrderMark(text);
        List<Scalar> scalars = new ArrayList<>();
        Deque<Level> levels = new ArrayDeque<>();
        levels.push(new Level(false));
        Parser parser = Document.events(yaml);
        for (Event event = parser.getEvent(); !(event instanceof StreamEndEvent); event = parser.getEvent()) {
            switch (event) {
                case MappingStartEvent _ -> levels.push(new Level(true));
                case SequenceStartEvent _ -> levels.push(new Level(false));
                case MappingEndEvent _, SequenceEndEvent _ -> {
                    levels.pop();
                    levels.element().next("");
                }
                case ScalarEvent scalar -> {
                    Level level = levels.element();
                    scalars.add(new Scalar(
                            yaml.offsetByCodePoints(0, scalar.getStartMark().getIndex()),
                            yaml.offsetByCodePoints(0, scalar.getEndMark().getIndex()),
                            scalar.getValue(),
                            level.isTextNext && !level.isKeyNext));
                    level.next(scalar.getValue());
                }
                default -> {
                    if (event.is(Event.ID.Alias)) {
                        levels.element().next("");
                    }
                }
            }
        }
        return new YamlTexts(yaml, scalars);
    }

    /** The texts themselves. */
    List<String> values() {
        return scalars.stream().filter(Scalar::isText).map(Scalar::value).toList();
    }

    /** The file with another word in place of each text, and without comments. */
    String without(String word) {
        StringBuilder done = new StringBuilder(yaml.length());
        int at = 0;
        for (Scalar scalar : scalars) {
            // Between two scalars there are only marks and comments.
            done.append(withoutComments(yaml.substring(at, scalar.start)));
            String written = yaml.substring(scalar.start, scalar.end);
            if (scalar.isText && !written.isEmpty()) {
                // As many lines as before, and the indentation behind a text that is a block.
                done.append(word);
                int last = written.lastIndexOf('\n');
                written.chars().filter(c -> c == '\n').forEach(_ -> done.append('\n'));
                done.append(last >= 0 && written.substring(last + 1).isBlank() ? written.substring(last + 1) : "");
            } else {
                done.append(written);
            }
            at = scalar.end;
        }
        return done.append(withoutComments(yaml.substring(at))).toString();
    }

    private static String withoutComments(String between) {
        return between.replaceAll("(?m)#.*$", "");
    }
}
