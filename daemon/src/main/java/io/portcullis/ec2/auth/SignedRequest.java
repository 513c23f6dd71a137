package io.portcullis.ec2.auth;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A request as it came, for the check of its signature.
 *
 * @param target path and query; each character is one byte
 * @param headers names and values in their order; each character is one byte
 * @param body its bytes, which nobody changes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SignedRequest(String method, String target, List<Map.Entry<String, String>> headers, byte[] body) {
    public SignedRequest {
        headers = List.copyOf(headers);
    }

    /** The values of all headers of this name, in lower case. */
    List<String> values(String name) {
        return headers.stream()
                .filter(header -> header.getKey().toLowerCase(Locale.ROOT).equals(name))
                .map(Map.Entry::getValue)
                .toList();
    }

    /** Nothing of headers and body, which may be secret. */
    @Override
    public String toString() {
        return method + " " + target;
    }
}
