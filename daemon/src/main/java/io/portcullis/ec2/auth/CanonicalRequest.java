package io.portcullis.ec2.auth;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A request in the form that is signed (Signature Version 4, "Create a canonical request"). Each character is one byte. */
final class CanonicalRequest {
    private static final String UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private static final String HEXADECIMAL = "0123456789ABCDEF";

    private CanonicalRequest() {}

    /**
     * The text.
     *
     * @param bodyHash SHA-256 of the body, hexadecimal
     * @return empty: a signed header is missing
     */
    static Optional<String> of(SignedRequest request, List<String> signedHeaders, String bodyHash) {
        Map<String, String> headers = new HashMap<>();
        request.headers()
                .forEach(header -> headers.merge(
                        header.getKey().toLowerCase(Locale.ROOT),
                        value(header.getValue()),
                        (before, next) -> before + "," + next));
        int queryAt = request.target().indexOf('?');
        String path = queryAt < 0 ? request.target() : request.target().substring(0, queryAt);
        String query = queryAt < 0 ? "" : request.target().substring(queryAt + 1);
        StringBuilder text = new StringBuilder()
                .append(request.method())
                .append('\n')
                .append(path(path))
                .append('\n')
                .append(query(query))
                .append('\n');
        for (String name : signedHeaders) {
            String value = headers.get(name);
            if (value == null) {
                return Optional.empty();
            }
            text.append(name).append(':').append(value).append('\n');
        }
        return Optional.of(text.append('\n')
                .append(String.join(";", signedHeaders))
                .append('\n')
                .append(bodyHash)
                .toString());
    }

    /** A header's value without blanks around it, and with one blank for several. */
    static String value(String header) {
        StringBuilder value = new StringBuilder(header.length());
        boolean isBehindBlank = false;
        for (int i = 0; i < header.length(); i++) {
            char c = header.charAt(i);
            if (c == ' ' || c == '\t') {
                isBehindBlank = !value.isEmpty();
            } else {
                if (isBehindBlank) {
                    value.append(' ');
                }
                value.append(c);
                isBehindBlank = false;
            }
        }
        return value.toString();
    }

    /** Without dot segments and doubled slashes (RFC 3986, section 6.2.2.3), then encoded once more. */
    static String path(String path) {
        Deque<String> segments = new ArrayDeque<>();
        for (String segment : path.split("/", -1)) {
            if (segment.equals("..")) {
                segments.pollLast();
            } else if (!segment.isEmpty() && !segment.equals(".")) {
                segments.addLast(segment);
            }
        }
        boolean isFolder = path.endsWith("/") || path.endsWith("/.") || path.endsWith("/..");
        StringBuilder canonical = new StringBuilder();
        segments.forEach(segment -> encode(canonical.append('/'), segment.getBytes(StandardCharsets.ISO_8859_1)));
        return isFolder || segments.isEmpty() ? canonical.append('/').toString() : canonical.toString();
    }

    /** The parameters, decoded and encoded again, sorted by name and value. */
    static String query(String query) {
        record Parameter(String name, String value) {}
        List<Parameter> parameters = new ArrayList<>();
        for (String part : query.split("&")) {
            if (!part.isEmpty()) {
                int equals = part.indexOf('=');
                String name = equals < 0 ? part : part.substring(0, equals);
                String value = equals < 0 ? "" : part.substring(equals + 1);
                parameters.add(new Parameter(encoded(name), encoded(value)));
            }
        }
        parameters.sort(Comparator.comparing(Parameter::name).thenComparing(Parameter::value));
        List<String> pairs = parameters.stream()
                .map(parameter -> parameter.name + "=" + parameter.value)
                .toList();
        return String.join("&", pairs);
    }

    /** A percent sign without two digits stands for itself; no signer writes one. */
    private static String encoded(String written) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(written.length());
        for (int i = 0; i < written.length(); i++) {
            char c = written.charAt(i);
            int high = i + 2 < written.length() ? Character.digit(written.charAt(i + 1), 16) : -1;
            int low = i + 2 < written.length() ? Character.digit(written.charAt(i + 2), 16) : -1;
            if (c == '%' && high >= 0 && low >= 0) {
                bytes.write(high << 4 | low);
                i += 2;
            } else {
                bytes.write(c == '+' ? ' ' : c);
            }
        }
        StringBuilder encoded = new StringBuilder();
        encode(encoded, bytes.toByteArray());
        return encoded.toString();
    }

    private static void encode(StringBuilder to, byte[] bytes) {
        for (byte each : bytes) {
            char c = (char) Byte.toUnsignedInt(each);
            if (UNRESERVED.indexOf(c) >= 0) {
                to.append(c);
            } else {
                to.append('%').append(HEXADECIMAL.charAt(c >> 4)).append(HEXADECIMAL.charAt(c & 15));
            }
        }
    }
}
