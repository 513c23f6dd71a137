package io.portcullis.ec2.wire;

/** The characters that XML 1.0 can carry (section 2.2). */
final class XmlCharacters {
    /** Written for a character that XML can't carry. */
    private static final int REPLACEMENT = 0xfffd;

    private XmlCharacters() {}

    static boolean isAllowed(int codePoint) {
        return codePoint >= ' '
                ? codePoint < Character.MIN_SURROGATE
                        || codePoint > Character.MAX_SURROGATE && codePoint != 0xfffe && codePoint != 0xffff
                : codePoint == '\t' || codePoint == '\n' || codePoint == '\r';
    }

    /** The same text if XML can carry all of it. */
    static String clean(String text) {
        int at = 0;
        while (at < text.length() && isAllowed(text.codePointAt(at))) {
            at += Character.charCount(text.codePointAt(at));
        }
        if (at == text.length()) {
            return text;
        }
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().forEach(c -> clean.appendCodePoint(isAllowed(c) ? c : REPLACEMENT));
        return clean.toString();
    }
}
