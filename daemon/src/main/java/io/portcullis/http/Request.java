package io.portcullis.http;

import io.portcullis.linux.user.SocketPeer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A whole HTTP request.
 *
 * @param target path and query as they came; each character is one byte
 * @param path without query
 * @param query the first value of each name, decoded
 * @param headers all headers in their order, each with its name and value as they came; each character is one byte
 * @param accept the Accept header
 * @param hosts the Host headers
 * @param needsHost true: HTTP/1.1, which requires a Host header
 * @param keepAlive false: the connection ends after the answer
 * @param body empty where the resource takes none
 * @param peer who sent it; null: not over a Unix socket
 * @param refusal the answer to a malformed or too large request; then the other components are empty
 */
public record Request(
        String method,
        String target,
        String path,
        Map<String, String> query,
        List<Map.Entry<String, String>> headers,
        @Nullable String accept,
        List<String> hosts,
        boolean needsHost,
        boolean keepAlive,
        Body body,
        @Nullable SocketPeer peer,
        @Nullable Response refusal) {
    /**
     * The body as JSON.
     *
     * @throws IllegalArgumentException if it is not JSON of this shape; the message is a sentence
     */
    public <T> T json(Class<T> shape) {
        return JsonBody.read(body.stream(), shape);
    }

    static Request refused(Response refusal) {
        return new Request("", "", "", Map.of(), List.of(), null, List.of(), false, false, Body.NONE, null, refusal);
    }
}
