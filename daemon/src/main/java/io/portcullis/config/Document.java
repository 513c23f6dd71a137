package io.portcullis.config;

import java.util.List;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * One file as a tree of YAML nodes, not yet understood.
 *
 * @param top the map that it consists of
 */
record Document(String file, Value top) {
    /** A file's size at the most, in bytes. */
    static final int LARGEST = 64 << 20;

    private static final int DEEPEST = 50;

    /** Reads YAML; empty, and a fault, where it is none. */
    static Optional<Document> compose(String yaml, String file, Reading reading) {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(LARGEST);
        options.setNestingDepthLimit(DEEPEST);
        // Reading.mayWalk bounds what aliases stand for, however many there are.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        try {
            StreamReader characters = new StreamReader(yaml.startsWith("\ufeff") ? yaml.substring(1) : yaml);
            Node top = new SlimComposer(new ParserImpl(characters, options), new Plain(), options).getSingleNode();
            if (top == null || Value.isNull(top)) {
                reading.fault(Place.of(file), "empty: a configuration begins with \"version: 1\"");
                return Optional.empty();
            }
            if (!(top instanceof MappingNode)) {
                reading.fault(Value.placeOf(file, top), "must be a map: a configuration begins with \"version: 1\"");
                return Optional.empty();
            }
            return Optional.of(new Document(file, new Value(reading, file, file, top, top)));
        } catch (SlimComposer.HeapFull _) {
            reading.fault(Place.of(file), Heap.tooSmall());
        } catch (MarkedYAMLException e) {
            reading.fault(placeOf(e, file), "not YAML: " + problem(e));
        } catch (ReaderException e) {
            reading.fault(
                    placeOf(yaml, e.getPosition(), file),
                    String.format("not YAML: the character U+%04X is not allowed", e.getCodePoint()));
        } catch (YAMLException e) {
            reading.fault(Place.of(file), "not YAML: " + Value.quoted(String.valueOf(e.getMessage())));
        }
        return Optional.empty();
    }

    /** What the file says about including others, one pattern each. */
    List<Value> includes() {
        if (!(top.node() instanceof MappingNode map)) {
            return List.of();
        }
        for (NodeTuple tuple : map.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key && key.getValue().equals("include")) {
                Value include = new Value(top.reading(), file, "include", key, tuple.getValueNode());
                return include.isNull() ? List.of() : include.items("a list of file names");
            }
        }
        return List.of();
    }

    /** Whoever reads a value knows what it should be; so a plain scalar is a text, unless it is null or a merge key. */
    private static final class Plain extends Resolver {
        @Override
        protected void addImplicitResolvers() {
            addImplicitResolver(Tag.NULL, EMPTY, null);
            addImplicitResolver(Tag.NULL, NULL, "~nN\0");
            addImplicitResolver(Tag.MERGE, MERGE, "<");
        }
    }

    private static Place placeOf(MarkedYAMLException e, String file) {
        var mark = e.getProblemMark() != null ? e.getProblemMark() : e.getContextMark();
        return mark == null ? Place.of(file) : new Place(file, mark.getLine() + 1, mark.getColumn() + 1);
    }

    private static Place placeOf(String yaml, int position, String file) {
        String before = yaml.substring(0, Math.min(yaml.length(), yaml.offsetByCodePoints(0, position)));
        int line = (int) before.chars().filter(c -> c == '\n').count();
        return new Place(file, line + 1, before.length() - before.lastIndexOf('\n'));
    }

    private static String problem(MarkedYAMLException e) {
        String context = e.getContext() == null ? "" : e.getContext() + ", ";
        return (context + e.getProblem()).replace('\n', ' ');
    }
}
