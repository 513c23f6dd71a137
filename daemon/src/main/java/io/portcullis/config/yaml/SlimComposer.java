package io.portcullis.config.yaml;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Composes nodes without their end, the text around them and comments, which are not used here. The nodes of 100,000 rules take half of
 * the memory, which limits the size of a file, and long lists of addresses a tenth.
 */
final class SlimComposer extends Composer {
    private static final int[] NO_TEXT = new int[0];
    private static final int NODES_PER_HEAP_CHECK = 1 << 12;

    /** Limit of characters in one scalar. */
    private static final int LONGEST_SCALAR = 1 << 16;

    private static final Packed PACKED = new Packed(1);

    private final int deepest;
    private final @Nullable LongLists lists;
    private int nodes;
    private int depth;

    /** The scalars of the current list; null: the next node is not an item of a list. */
    private @Nullable PackedScalars packed;

    /** Placeholder in a list that is being composed, for items that are in {@link PackedScalars}. */
    private static final class Packed extends ScalarNode {
        private final int count;

        Packed(int count) {
            super(Tag.STR, "", null, null, DumperOptions.ScalarStyle.PLAIN);
            this.count = count;
        }
    }

    /** The heap is too full for more nodes. */
    static final class HeapFull extends YAMLException {
        private static final long serialVersionUID = 1;

        HeapFull() {
            super(HeapGuard.tooSmall());
        }
    }

    /** The text exceeds a limit. */
    static final class LimitExceeded extends MarkedYAMLException {
        private static final long serialVersionUID = 1;

        LimitExceeded(String problem, Mark mark) {
            super(null, null, problem, mark);
        }
    }

    /**
     * Composes the nodes of a parser's events.
     *
     * @param deepest limit of nested lists and maps
     * @param lists the runs that were removed from the parser's text; null: none
     */
    SlimComposer(Parser parser, Resolver resolver, LoaderOptions options, int deepest, @Nullable LongLists lists) {
        super(parser, resolver, options);
        this.deepest = deepest;
        this.lists = lists;
    }

    @Override
    protected Node composeScalarNode(String anchor, List<CommentLine> blockComments) {
        checkHeap();
        Node node = super.composeScalarNode(anchor, blockComments);
        if (node instanceof ScalarNode scalar && scalar.getValue().length() > LONGEST_SCALAR) {
            throw new LimitExceeded(
                    String.format("too long: a text has %,d characters at the most", LONGEST_SCALAR),
                    node.getStartMark());
        }
        // An alias refers to the node object itself.
        if (anchor != null || !(node instanceof ScalarNode scalar)) {
            return node;
        }
        if (packed != null && PackedScalars.takes(scalar)) {
            int before = packed.size();
            packed.append(scalar);
            if (lists != null) {
                lists.addBehind(scalar.getStartMark().getLine(), packed);
            }
            int count = packed.size() - before;
            return count == 1 ? PACKED : new Packed(count);
        }
        Mark start = slim(node.getStartMark());
        DumperOptions.ScalarStyle style = scalar.getScalarStyle();
        return new ScalarNode(node.getTag(), true, scalar.getValue(), start, start, style);
    }

    @Override
    protected Node composeMappingNode(String anchor) {
        checkHeap();
        deeper();
        PackedScalars around = packed;
        packed = null;
        Node node = super.composeMappingNode(anchor);
        packed = around;
        depth--;
        if (anchor != null || !(node instanceof MappingNode map)) {
            return node;
        }
        Mark start = slim(node.getStartMark());
        return new MappingNode(node.getTag(), true, List.copyOf(map.getValue()), start, start, map.getFlowStyle());
    }

    @Override
    protected Node composeSequenceNode(String anchor) {
        checkHeap();
        PackedScalars around = packed;
        // An alias refers to the node object itself.
        PackedScalars own = anchor == null ? new PackedScalars() : null;
        packed = own;
        deeper();
        Node node = super.composeSequenceNode(anchor);
        depth--;
        packed = around;
        if (own == null || own.isEmpty() || !(node instanceof SequenceNode list)) {
            return node;
        }
        Mark start = slim(node.getStartMark());
        return new SequenceNode(node.getTag(), true, items(list.getValue(), own), start, start, list.getFlowStyle());
    }

    private static List<Node> items(List<Node> composed, PackedScalars packed) {
        if (composed.stream().allMatch(Packed.class::isInstance)) {
            return packed;
        }
        Iterator<Node> next = packed.iterator();
        List<Node> items = new ArrayList<>(composed.size());
        for (Node node : composed) {
            if (node instanceof Packed several) {
                for (int i = 0; i < several.count; i++) {
                    items.add(next.next());
                }
            } else {
                items.add(node);
            }
        }
        return items;
    }

    private void deeper() {
        if (++depth > deepest) {
            throw new LimitExceeded(
                    "nested too deeply: at most " + deepest + " levels of lists and maps",
                    parser.peekEvent().getStartMark());
        }
    }

    private void checkHeap() {
        if (++nodes % NODES_PER_HEAP_CHECK == 0 && HeapGuard.isNearlyFull()) {
            throw new HeapFull();
        }
    }

    private static Mark slim(Mark mark) {
        return new Mark("", mark.getIndex(), mark.getLine(), mark.getColumn(), NO_TEXT, 0);
    }
}
