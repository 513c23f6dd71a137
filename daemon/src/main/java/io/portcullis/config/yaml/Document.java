package io.portcullis.config.yaml;

import io.portcullis.config.Location;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * One file as a tree of YAML nodes.
 *
 * @param top the root map
 */
public record Document(String file, Value top) {
    /** Limit of a file's size, in bytes. */
    static final int LARGEST = 64 << 20;

    private static final int DEEPEST = 50;

    private static final int REPLACEMENT = '\ufffd';

    /** Syntax errors that {@link #salvage} skips in one text. */
    private static final int MOST_PASSES = 32;

    /** Limit of characters that all passes together read; the first pass reads the whole text. */
    private static final int LARGEST_SALVAGE = 4 << 20;

    /** Parses YAML; empty, with an error, if it is not valid. */
    public static Optional<Document> compose(String yaml, String file, Diagnostics diagnostics) {
        Characters characters = new Characters("");
        try {
            String text = withoutByteOrderMark(yaml);
            Optional<Node> quick = withoutLongLists(text);
            if (quick.isEmpty()) {
                characters = new Characters(text);
            }
            Node top = quick.isPresent() ? quick.get() : top(characters, null);
            if (top == null || Value.isNull(top)) {
                diagnostics.error(Location.of(file), "empty: a configuration starts with \"version: 1\"");
                return Optional.empty();
            }
            if (!(top instanceof MappingNode)) {
                diagnostics.error(
                        Value.locationOf(file, top), "must be a map: a configuration starts with \"version: 1\"");
                return Optional.empty();
            }
            return Optional.of(new Document(file, new Value(diagnostics, file, file, top, top)));
        } catch (SlimComposer.HeapFull _) {
            diagnostics.error(Location.of(file), HeapGuard.tooSmall());
        } catch (SlimComposer.LimitExceeded e) {
            diagnostics.error(locationOf(e.getProblemMark(), file), e.getProblem());
        } catch (MarkedYAMLException e) {
            diagnostics.error(Syntax.error(e, withoutByteOrderMark(yaml), file));
        } catch (ReaderException e) {
            diagnostics.error(
                    locationOf(yaml, e.getPosition(), file),
                    String.format("not YAML: the character U+%04X is not allowed", e.getCodePoint()));
        } catch (YAMLException e) {
            diagnostics.error(Location.of(file), "not YAML: " + Value.quoted(String.valueOf(e.getMessage())));
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            // Thrown by the library for an escape that is not a character, such as U+110000 in quotes.
            diagnostics.error(
                    locationOf(characters.getMark(), file),
                    "not YAML: " + Value.quoted(String.valueOf(e.getMessage())));
        }
        return Optional.empty();
    }

    /** Parses a text without its {@link LongLists}; empty: the whole text must be parsed. */
    private static Optional<Node> withoutLongLists(String yaml) {
        LongLists lists = new LongLists(yaml);
        if (lists.isUsedUp()) {
            return Optional.empty();
        }
        try {
            Node top = top(new Characters(lists.shortened()), lists);
            return lists.isUsedUp() ? Optional.ofNullable(top) : Optional.empty();
        } catch (SlimComposer.HeapFull full) {
            throw full;
        } catch (YAMLException | IllegalArgumentException | IndexOutOfBoundsException _) {
            // The error must be reported for the whole text.
            return Optional.empty();
        }
    }

    private static @Nullable Node top(Characters characters, @Nullable LongLists lists) {
        LoaderOptions options = options();
        Parser parser = new ParserImpl(characters, options);
        return new SlimComposer(parser, new PlainResolver(), options, DEEPEST, lists).getSingleNode();
    }

    /** The events of a text. Their marks count characters (code points) from the first one after a byte order mark. */
    public static Parser events(String yaml) {
        return new ParserImpl(new Characters(withoutByteOrderMark(yaml)), options());
    }

    private static LoaderOptions options() {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(LARGEST);
        // SlimComposer refuses deeper nesting than DEEPEST, with the location.
        options.setNestingDepthLimit(2 * DEEPEST);
        // Diagnostics.mayVisit limits the values that aliases stand for.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        return options;
    }

    /** The text behind its byte order mark, if it has one. */
    public static String withoutByteOrderMark(String yaml) {
        return yaml.startsWith("\ufeff") ? yaml.substring(1) : yaml;
    }

    /**
     * The readable parts of a text that may not be valid YAML: all documents up to the first syntax error, then the same without
     * the line that may cause the error, and so on until there is no error. One part may occur several times, in different lengths.
     */
    static List<Document> salvage(String yaml, String file, Diagnostics diagnostics) {
        List<Document> readable = new ArrayList<>();
        List<String> lines = withoutByteOrderMark(yaml)
                .codePoints()
                .map(c -> StreamReader.isPrintable(c) ? c : REPLACEMENT)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString()
                .lines()
                .toList();
        int passes = Math.clamp(LARGEST_SALVAGE / (yaml.length() + 1L), 1, MOST_PASSES);
        for (boolean atContext : new boolean[] {true, false}) {
            salvage(new ArrayList<>(lines), passes, atContext, readable, file, diagnostics);
        }
        return readable;
    }

    private static void salvage(
            List<String> lines,
            int passes,
            boolean atContext,
            List<Document> readable,
            String file,
            Diagnostics diagnostics) {
        for (int pass = 0; pass < passes; pass++) {
            LoaderOptions options = options();
            StreamReader characters = new Characters(String.join("\n", lines) + "\n");
            SalvagedEvents salvage =
                    new SalvagedEvents(new ParserImpl(characters, options), characters::getMark, DEEPEST - 1);
            try {
                Composer composer = new SlimComposer(salvage, new PlainResolver(), options, DEEPEST, null);
                while (composer.checkNode()) {
                    Node top = composer.getNode();
                    readable.add(new Document(file, new Value(diagnostics, file, file, top, top)));
                }
            } catch (YAMLException e) {
                // No memory for more nodes: the documents so far are the result.
                diagnostics.error(Location.of(file), "not readable: " + Value.quoted(String.valueOf(e.getMessage())));
                return;
            }
            int faulty = salvage.faultyLine(atContext);
            if (faulty < 0 || faulty >= lines.size() || lines.get(faulty).isEmpty()) {
                return;
            }
            lines.set(faulty, "");
        }
    }

    /** The patterns of the files that this one includes. */
    public List<Value> includes() {
        if (!(top.node() instanceof MappingNode map)) {
            return List.of();
        }
        for (NodeTuple tuple : map.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals("include")) {
                Value include = new Value(top.diagnostics(), file, "include", key, tuple.getValueNode());
                return include.isNull() ? List.of() : include.items("a list of file names");
            }
        }
        return List.of();
    }

    /** Resolves a plain scalar to a text, unless it is null or a merge key: the reader of a value knows its type. */
    private static final class PlainResolver extends Resolver {
        @Override
        protected void addImplicitResolvers() {
            addImplicitResolver(Tag.NULL, EMPTY, null);
            addImplicitResolver(Tag.NULL, NULL, "~nN\0");
            addImplicitResolver(Tag.MERGE, MERGE, "<");
        }
    }

    private static Location locationOf(Mark mark, String file) {
        return new Location(file, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static Location locationOf(String yaml, int position, String file) {
        String before = yaml.substring(0, Math.min(yaml.length(), yaml.offsetByCodePoints(0, position)));
        int line = (int) before.chars().filter(c -> c == '\n').count();
        return new Location(file, line + 1, before.length() - before.lastIndexOf('\n'));
    }
}
