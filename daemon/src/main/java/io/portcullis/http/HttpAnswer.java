package io.portcullis.http;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one whole HTTP/1.1 answer (RFC 9112) from the bytes up to the end of its connection. */
public final class HttpAnswer {
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})(?: .*)?");
    private static final Pattern LENGTH = Pattern.compile("\\d{1,9}");
    private static final Pattern CHUNK = Pattern.compile("([0-9A-Fa-f]{1,7})(?:[ \t;].*)?");

    private final byte[] bytes;
    private int at;

    private HttpAnswer(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Reads status and body.
     *
     * @param bytes from the connection's first byte to its last
     */
    public static SocketClient.Reply parse(byte[] bytes) throws MalformedAnswer {
        return new HttpAnswer(bytes).read();
    }

    private SocketClient.Reply read() throws MalformedAnswer {
        Matcher status = STATUS.matcher(line());
        if (!status.matches()) {
            throw new MalformedAnswer("no HTTP answer");
        }
        int length = -1;
        boolean chunked = false;
        for (String header = line(); !header.isEmpty(); header = line()) {
            int colon = header.indexOf(':');
            String name = colon < 0 ? "" : header.substring(0, colon).toLowerCase(Locale.ROOT);
            String value = header.substring(colon + 1).strip();
            if (name.equals("content-length")) {
                if (!LENGTH.matcher(value).matches()) {
                    throw new MalformedAnswer("Content-Length: " + value);
                }
                length = Integer.parseInt(value);
            } else if (name.equals("transfer-encoding")) {
                chunked = value.equalsIgnoreCase("chunked");
            }
        }
        byte[] body = chunked ? chunks() : take(length < 0 ? bytes.length - at : length);
        return new SocketClient.Reply(Integer.parseInt(status.group(1)), new String(body, StandardCharsets.UTF_8));
    }

    private byte[] chunks() throws MalformedAnswer {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            Matcher size = CHUNK.matcher(line());
            if (!size.matches()) {
                throw new MalformedAnswer("no size of a chunk");
            }
            int length = Integer.parseInt(size.group(1), 16);
            if (length == 0) {
                return body.toByteArray();
            }
            body.writeBytes(take(length));
            if (!line().isEmpty()) {
                throw new MalformedAnswer("a chunk longer than its size");
            }
        }
    }

    private byte[] take(int length) throws MalformedAnswer {
        if (length > bytes.length - at) {
            throw new MalformedAnswer("only " + (bytes.length - at) + " of " + length + " bytes came");
        }
        byte[] taken = new byte[length];
        System.arraycopy(bytes, at, taken, 0, length);
        at += length;
        return taken;
    }

    private String line() throws MalformedAnswer {
        for (int end = at; end + 1 < bytes.length; end++) {
            if (bytes[end] == '\r' && bytes[end + 1] == '\n') {
                String line = new String(bytes, at, end - at, StandardCharsets.ISO_8859_1);
                at = end + 2;
                return line;
            }
        }
        throw new MalformedAnswer(bytes.length == 0 ? "no answer" : "a cut answer");
    }
}
