package io.portcullis.http;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * An HTTP answer.
 *
 * @param headers further headers: their names and values
 */
@SuppressWarnings("ArrayRecordComponent") // written to a socket, never compared
public record Response(int status, String contentType, byte[] body, Map<String, String> headers) {
    /** The JSON shape of every error. */
    record Refusal(String error) {}

    /** A record as JSON. */
    public static Response json(int status, Object shape) {
        return new Response(status, "application/json", JsonBody.bytes(shape), Map.of());
    }

    /** {@code {"error": "…"}}. */
    public static Response error(int status, String error) {
        return json(status, new Refusal(error));
    }

    /** Plain text, UTF-8. */
    public static Response text(int status, String text) {
        return new Response(status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8), Map.of());
    }

    Response allowing(String methods) {
        Map<String, String> all = new HashMap<>(headers);
        all.put("allow", methods);
        return new Response(status, contentType, body, Map.copyOf(all));
    }
}
