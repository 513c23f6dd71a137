package io.portcullis.http;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A whole HTTP request, as far as anybody here looks at it: no resource takes a body.
 *
 * @param path without query
 * @param query of each name its first value
 * @param accept the header of that name
 * @param hosts the headers of that name
 * @param needsHost true: of HTTP/1.1, where one is a duty
 * @param keepAlive false: the connection ends after the answer
 * @param refusal the answer to a request that is none or too much; then nothing else of it counts
 */
public record Request(
        String method,
        String path,
        Map<String, String> query,
        @Nullable String accept,
        List<String> hosts,
        boolean needsHost,
        boolean keepAlive,
        @Nullable Response refusal) {
    static Request refused(int status, String error) {
        return new Request("", "", Map.of(), null, List.of(), false, false, Response.error(status, error));
    }
}
