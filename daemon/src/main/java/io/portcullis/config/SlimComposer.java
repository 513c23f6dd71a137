package io.portcullis.config;

import java.util.List;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.comments.CommentLine;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Composes nodes without what nobody here asks for: where they end, the text around them, comments. So the nodes of 100,000
 * rules take half of the memory, which is what bounds the size of a file.
 */
final class SlimComposer extends Composer {
    private static final int[] NO_TEXT = new int[0];
    private static final int NODES_BETWEEN_LOOKS = 1 << 12;

    /** Characters of one scalar: no name, address or description is longer. */
    private static final int LONGEST_SCALAR = 1 << 16;

    private final int deepest;
    private int nodes;
    private int depth;

    /** There is no memory for more nodes. */
    static final class HeapFull extends YAMLException {
        private static final long serialVersionUID = 1;

        HeapFull() {
            super(Heap.tooSmall());
        }
    }

    /** A place where the text goes past a limit. */
    static final class TooMuch extends MarkedYAMLException {
        private static final long serialVersionUID = 1;

        TooMuch(String problem, Mark mark) {
            super(null, null, problem, mark);
        }
    }

    /**
     * Composes what a parser gives.
     *
     * @param deepest lists and maps in one another, at the most
     */
    SlimComposer(Parser parser, Resolver resolver, LoaderOptions options, int deepest) {
        super(parser, resolver, options);
        this.deepest = deepest;
    }

    @Override
    protected Node composeScalarNode(String anchor, List<CommentLine> blockComments) {
        look();
        Node node = super.composeScalarNode(anchor, blockComments);
        if (node instanceof ScalarNode scalar && scalar.getValue().length() > LONGEST_SCALAR) {
            throw new TooMuch(
                    String.format("too long: a text has %,d characters at the most", LONGEST_SCALAR),
                    node.getStartMark());
        }
        // What has an anchor is known to aliases as it is.
        if (anchor != null || !(node instanceof ScalarNode scalar)) {
            return node;
        }
        Mark start = slim(node.getStartMark());
        DumperOptions.ScalarStyle style = scalar.getScalarStyle();
        return new ScalarNode(node.getTag(), true, scalar.getValue(), start, start, style);
    }

    @Override
    protected Node composeMappingNode(String anchor) {
        look();
        deeper();
        Node node = super.composeMappingNode(anchor);
        depth--;
        if (anchor != null || !(node instanceof MappingNode map)) {
            return node;
        }
        Mark start = slim(node.getStartMark());
        return new MappingNode(node.getTag(), true, List.copyOf(map.getValue()), start, start, map.getFlowStyle());
    }

    @Override
    protected Node composeSequenceNode(String anchor) {
        look();
        deeper();
        Node node = super.composeSequenceNode(anchor);
        depth--;
        return node;
    }

    private void deeper() {
        if (++depth > deepest) {
            throw new TooMuch(
                    "nested too deeply: at most " + deepest + " lists and maps in one another",
                    parser.peekEvent().getStartMark());
        }
    }

    private void look() {
        if (++nodes % NODES_BETWEEN_LOOKS == 0 && Heap.isNearlyFull()) {
            throw new HeapFull();
        }
    }

    private static Mark slim(Mark mark) {
        return new Mark("", mark.getIndex(), mark.getLine(), mark.getColumn(), NO_TEXT, 0);
    }
}
