package io.portcullis.ec2.wire;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The parameters of a request: those of the URL's query, then those of a form-encoded body ({@code application/x-www-form-urlencoded}).
 * UTF-8; a plus sign is a blank. No name comes twice.
 */
public final class Form {
    /** The most parameters of a request. */
    public static final int MOST_PARAMETERS = 20_000;

    /** The most bytes of a name, encoded. */
    public static final int LONGEST_NAME = 256;

    /** The most bytes of a value, encoded. */
    public static final int LONGEST_VALUE = 128 << 10;

    private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
    private final Map<String, String> parameters = new LinkedHashMap<>();

    private Form() {}

    /**
     * Reads the parameters.
     *
     * @param query without the question mark, each character one byte; empty: none
     * @param body may be empty
     * @throws ApiException malformed, or beyond a limit
     */
    public static Form parse(String query, byte[] body) throws ApiException {
        Form form = new Form();
        form.add(query.getBytes(StandardCharsets.ISO_8859_1));
        form.add(body);
        return form;
    }

    /** A parameter's value; empty: it is not there. */
    public Optional<String> value(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    /** All by name, in their order. */
    Map<String, String> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    private void add(byte[] encoded) throws ApiException {
        int from = 0;
        while (from < encoded.length) {
            int end = indexOf(encoded, '&', from, encoded.length);
            if (end > from) {
                add(encoded, from, end);
            }
            from = end + 1;
        }
    }

    private void add(byte[] encoded, int from, int end) throws ApiException {
        int equals = indexOf(encoded, '=', from, end);
        if (parameters.size() == MOST_PARAMETERS) {
            throw ApiError.INVALID_QUERY.of("A request may have " + MOST_PARAMETERS + " parameters, this one has more");
        }
        if (equals - from > LONGEST_NAME) {
            throw ApiError.INVALID_QUERY.of("The name of a parameter may have " + LONGEST_NAME + " bytes");
        }
        String name = decode(encoded, from, equals);
        if (end - equals - 1 > LONGEST_VALUE) {
            throw ApiError.INVALID_QUERY.of("The value of " + name + " has more than " + LONGEST_VALUE + " bytes");
        }
        String value = equals == end ? "" : decode(encoded, equals + 1, end);
        if (parameters.putIfAbsent(name, value) != null) {
            throw ApiError.INVALID_QUERY.of("The parameter " + name + " appears more than once");
        }
    }

    private String decode(byte[] encoded, int from, int end) throws ApiException {
        byte[] bytes = new byte[end - from];
        int length = 0;
        for (int i = from; i < end; i++) {
            if (encoded[i] == '%') {
                boolean whole = i + 2 < end;
                int high = whole ? Character.digit(encoded[i + 1], 16) : -1;
                int low = whole ? Character.digit(encoded[i + 2], 16) : -1;
                if (high < 0 || low < 0) {
                    throw ApiError.MALFORMED_QUERY.of("a % without two hexadecimal digits");
                }
                bytes[length++] = (byte) (high << 4 | low);
                i += 2;
            } else {
                bytes[length++] = encoded[i] == '+' ? (byte) ' ' : encoded[i];
            }
        }
        try {
            return utf8.decode(ByteBuffer.wrap(bytes, 0, length)).toString();
        } catch (CharacterCodingException e) {
            throw ApiError.MALFORMED_QUERY.of("not UTF-8");
        }
    }

    /** The end, if the byte does not come. */
    private static int indexOf(byte[] bytes, char sought, int from, int end) {
        int at = from;
        while (at < end && bytes[at] != sought) {
            at++;
        }
        return at;
    }

    /** The names only: a value may be a secret. */
    @Override
    public String toString() {
        return parameters.keySet().toString();
    }
}
