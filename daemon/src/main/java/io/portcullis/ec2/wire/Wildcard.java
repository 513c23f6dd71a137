package io.portcullis.ec2.wire;

/** A filter's value: {@code *} is any text, {@code ?} any character, and a backslash takes the meaning of the one behind it. */
final class Wildcard {
    /** No character of a text. */
    private static final char ANY_TEXT = '\uffff';

    private static final char ANY_CHARACTER = '\ufffe';

    private final String pattern;

    Wildcard(String written) {
        StringBuilder compiled = new StringBuilder(written.length());
        for (int i = 0; i < written.length(); i++) {
            char c = written.charAt(i);
            if (c == '\\' && i + 1 < written.length()) {
                i++;
                compiled.append(written.charAt(i));
            } else {
                compiled.append(c == '*' ? ANY_TEXT : c == '?' ? ANY_CHARACTER : c);
            }
        }
        pattern = compiled.toString();
    }

    /** Takes time proportional to the product of both lengths at most: only the last star is tried again. */
    boolean matches(String text) {
        int at = 0;
        int in = 0;
        int star = -1;
        int retry = 0;
        while (at < text.length()) {
            char wanted = in < pattern.length() ? pattern.charAt(in) : 0;
            if (in < pattern.length() && wanted == ANY_TEXT) {
                star = in++;
                retry = at;
            } else if (in < pattern.length() && (wanted == ANY_CHARACTER || wanted == text.charAt(at))) {
                in++;
                at++;
            } else if (star >= 0) {
                in = star + 1;
                at = ++retry;
            } else {
                return false;
            }
        }
        while (in < pattern.length() && pattern.charAt(in) == ANY_TEXT) {
            in++;
        }
        return in == pattern.length();
    }
}
