package io.portcullis.config.yaml;

import java.nio.charset.StandardCharsets;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Objects;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * The plain texts of a YAML list, packed into three arrays (UTF-8). While a list of 50,000 addresses is read, the collector moves three
 * objects instead of 200,000, so its pauses are shorter. {@link #get} makes a new node each time.
 */
final class PackedScalars extends AbstractList<Node> {
    private static final int FEW = 4;
    private static final int FEW_BYTES = 64;
    private static final int[] NO_TEXT = new int[0];

    private byte[] texts = new byte[0];
    private int[] ends = new int[0];
    /** Line in the upper half, column in the lower, from 0. */
    private long[] positions = new long[0];

    private int size;
    private final View view = new View();

    /** True for a node that consists of its text and its location only. */
    static boolean takes(ScalarNode node) {
        return node.getTag().equals(Tag.STR) && node.isPlain();
    }

    /** Adds a node that it {@link #takes}. */
    void append(ScalarNode node) {
        byte[] text = node.getValue().getBytes(StandardCharsets.UTF_8);
        grow(text.length);
        System.arraycopy(text, 0, texts, end(size), text.length);
        add(text.length, node.getStartMark().getLine(), node.getStartMark().getColumn());
    }

    /** Adds a part of an ASCII text; line and column count from 0. */
    void append(String of, int from, int to, int line, int column) {
        grow(to - from);
        int end = end(size);
        for (int at = from; at < to; at++) {
            texts[end++] = (byte) of.charAt(at);
        }
        add(to - from, line, column);
    }

    /** Makes space for a number of texts that follow, and for a few more. */
    void reserve(int count, int length) {
        growTexts(end(size) + length + FEW_BYTES, 0);
        growItems(size + count + FEW);
    }

    private void grow(int length) {
        growTexts(end(size) + length, 2 * texts.length);
        if (size == ends.length) {
            growItems(Math.max(FEW, 2 * size));
        }
    }

    private void growTexts(int needed, int least) {
        if (needed > texts.length) {
            texts = Arrays.copyOf(texts, Math.max(least, needed));
        }
    }

    private void growItems(int count) {
        if (count > ends.length) {
            ends = Arrays.copyOf(ends, count);
            positions = Arrays.copyOf(positions, count);
        }
    }

    private void add(int length, int line, int column) {
        ends[size] = end(size) + length;
        positions[size] = (long) line << Integer.SIZE | column;
        size++;
    }

    /** The end of all texts before an index. */
    private int end(int index) {
        return index == 0 ? 0 : ends[index - 1];
    }

    /** The bytes of a text as characters, so an ASCII text as it is and any other one changed; valid until the next call. */
    CharSequence text(int index) {
        view.from = end(Objects.checkIndex(index, size));
        view.end = ends[index];
        return view;
    }

    private final class View implements CharSequence {
        private int from;
        private int end;

        @Override
        public char charAt(int index) {
            return (char) (texts[from + index] & 0xff);
        }

        @Override
        public int length() {
            return end - from;
        }

        @Override
        public CharSequence subSequence(int start, int stop) {
            return toString().substring(start, stop);
        }

        @Override
        public String toString() {
            return new String(texts, from, end - from, StandardCharsets.ISO_8859_1);
        }
    }

    @Override
    public Node get(int index) {
        int from = end(Objects.checkIndex(index, size));
        String text = new String(texts, from, ends[index] - from, StandardCharsets.UTF_8);
        Mark mark = new Mark("", 0, (int) (positions[index] >>> Integer.SIZE), (int) positions[index], NO_TEXT, 0);
        return new ScalarNode(Tag.STR, true, text, mark, mark, DumperOptions.ScalarStyle.PLAIN);
    }

    @Override
    public int size() {
        return size;
    }
}
