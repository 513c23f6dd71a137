package io.portcullis.config;

import java.util.List;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.comments.CommentLine;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
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

    private int nodes;

    /** There is no memory for more nodes. */
    static final class HeapFull extends YAMLException {
        private static final long serialVersionUID = 1;

        HeapFull() {
            super(Heap.tooSmall());
        }
    }

    SlimComposer(Parser parser, Resolver resolver, LoaderOptions options) {
        super(parser, resolver, options);
    }

    @Override
    protected Node composeScalarNode(String anchor, List<CommentLine> blockComments) {
        look();
        Node node = super.composeScalarNode(anchor, blockComments);
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
        Node node = super.composeMappingNode(anchor);
        if (anchor != null || !(node instanceof MappingNode map)) {
            return node;
        }
        Mark start = slim(node.getStartMark());
        return new MappingNode(node.getTag(), true, List.copyOf(map.getValue()), start, start, map.getFlowStyle());
    }

    @Override
    protected Node composeSequenceNode(String anchor) {
        look();
        return super.composeSequenceNode(anchor);
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
