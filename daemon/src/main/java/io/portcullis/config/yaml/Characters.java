package io.portcullis.config.yaml;

import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.reader.ReaderException;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.scanner.Constant;

/**
 * The characters of a text for the YAML scanner. The library's own reader copies all unread text for every 1,025 characters of one
 * token, so a scalar of 64 MiB would take hours. This reader takes linear time and copies nothing. It counts lines and columns as the
 * library does.
 */
public final class Characters extends StreamReader {
    private static final int[] NO_TEXT = new int[0];
    private static final int BYTE_ORDER_MARK = 0xfeff;

    /** So many line breaks: the scanner asks for two or three at each blank line, of which {@link LongLists} leave many. */
    private static final String[] BLANK = {"", "\n", "\n\n", "\n\n\n"};

    private final String text;

    /** Empty where each character is one {@code char} of the text. */
    private final int[] codePoints;

    private final int length;
    private int index;
    private int documentIndex;
    private int line;
    private int column;

    /**
     * All of a text.
     *
     * @throws ReaderException at the first character that YAML does not allow
     */
    Characters(String text) {
        super("");
        this.text = text;
        boolean isBasic = text.chars().noneMatch(c -> Character.isSurrogate((char) c));
        codePoints = isBasic ? NO_TEXT : text.codePoints().toArray();
        length = isBasic ? text.length() : codePoints.length;
        for (int i = 0; i < length; i++) {
            if (!StreamReader.isPrintable(at(i))) {
                throw new ReaderException("", i, at(i), "special characters are not allowed");
            }
        }
    }

    /** 0 past the end, as the scanner expects. */
    private int at(int position) {
        if (position >= length) {
            return 0;
        }
        return codePoints.length == 0 ? text.charAt(position) : codePoints[position];
    }

    @Override
    public Mark getMark() {
        return new Mark("", index, line, column, NO_TEXT, 0);
    }

    @Override
    public void forward() {
        forward(1);
    }

    @Override
    public void forward(int count) {
        for (int i = 0; i < count && index < length; i++) {
            int c = at(index);
            index++;
            documentIndex++;
            if (Constant.LINEBR.has(c) || c == '\r' && at(index) != '\n') {
                line++;
                column = 0;
            } else if (c != BYTE_ORDER_MARK) {
                column++;
            }
        }
    }

    @Override
    public int peek() {
        return at(index);
    }

    @Override
    public int peek(int ahead) {
        return at(index + ahead);
    }

    @Override
    public String prefix(int count) {
        int whole = Math.min(count, length - index);
        if (whole < BLANK.length && isBlank(whole)) {
            return BLANK[whole];
        }
        return codePoints.length == 0 ? text.substring(index, index + whole) : new String(codePoints, index, whole);
    }

    private boolean isBlank(int count) {
        for (int ahead = 0; ahead < count; ahead++) {
            if (at(index + ahead) != '\n') {
                return false;
            }
        }
        return true;
    }

    @Override
    public String prefixForward(int count) {
        String prefix = prefix(count);
        int whole = Math.min(count, length - index);
        index += whole;
        documentIndex += whole;
        column += whole;
        return prefix;
    }

    @Override
    public int getColumn() {
        return column;
    }

    @Override
    public int getDocumentIndex() {
        return documentIndex;
    }

    @Override
    public void resetDocumentIndex() {
        documentIndex = 0;
    }

    @Override
    public int getIndex() {
        return index;
    }

    @Override
    public int getLine() {
        return line;
    }
}
