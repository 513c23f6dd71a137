package io.portcullis.http;

import java.nio.charset.StandardCharsets;

/**
 * An HTTP answer.
 *
 * @param allow the Allow header; empty: none
 */
@SuppressWarnings("ArrayRecordComponent") // written to a socket, never compared
public record Response(int status, String contentType, byte[] body, String allow) {
    /** The JSON shape of every error. */
    record Refusal(String error) {}

    /** A record as JSON. */
    public static Response json(int status, Object shape) {
        return new Response(status, "application/json", JsonBody.bytes(shape), "");
    }

    /** {@code {"error": "…"}}. */
    public static Response error(int status, String error) {
        return json(status, new Refusal(error));
    }

    /** Plain text, UTF-8. */
    public static Response text(int status, String text) {
        return new Response(status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8), "");
    }

    Response allowing(String methods) {
        return new Response(status, contentType, body, methods);
    }
}
