package io.portcullis.ec2.auth;

import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code Authorization} header of Signature Version 4.
 *
 * @param keyId of the access key
 * @param day of the scope, eight digits
 * @param region of the scope
 * @param service of the scope
 * @param signedHeaders names in lower case, as they came, none twice
 * @param signature 64 hexadecimal digits
 */
record Authorization(
        String keyId, String day, String region, String service, List<String> signedHeaders, String signature) {
    static final String ALGORITHM = "AWS4-HMAC-SHA256";
    static final String TERMINATOR = "aws4_request";

    private static final Pattern PART = Pattern.compile(" ?(Credential|SignedHeaders|Signature)=(.*?) ?");
    private static final Pattern CREDENTIAL =
            Pattern.compile("(\\w{1,128})/([0-9]{8})/([\\w-]{1,64})/([\\w-]{1,64})/" + TERMINATOR);
    private static final Pattern HEADERS = Pattern.compile("[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*+");
    private static final Pattern SIGNATURE = Pattern.compile("[0-9a-f]{64}");

    /**
     * Reads the header of a request.
     *
     * @throws ApiException MissingAuthenticationToken: no signature of this version; IncompleteSignature: malformed
     */
    static Authorization of(SignedRequest request) throws ApiException {
        List<String> headers = request.values("authorization");
        if (headers.size() > 1) {
            throw ApiError.INCOMPLETE_SIGNATURE.of("there are " + headers.size() + " of them");
        }
        String header = headers.isEmpty() ? "" : CanonicalRequest.value(headers.getFirst());
        if (!header.startsWith(ALGORITHM + " ")) {
            throw ApiError.MISSING_AUTHENTICATION_TOKEN.of();
        }
        Map<String, String> parts = parts(header.substring(ALGORITHM.length()));
        Matcher credential = CREDENTIAL.matcher(parts.getOrDefault("Credential", ""));
        String signed = parts.getOrDefault("SignedHeaders", "");
        String signature = parts.getOrDefault("Signature", "");
        if (!credential.matches()) {
            throw ApiError.INCOMPLETE_SIGNATURE.of("Credential must be KEY/DAY/REGION/SERVICE/" + TERMINATOR);
        }
        List<String> names = List.of(signed.split(";"));
        if (!HEADERS.matcher(signed).matches() || new HashSet<>(names).size() != names.size()) {
            throw ApiError.INCOMPLETE_SIGNATURE.of(
                    "SignedHeaders must be names in lower case with semicolons between them, none twice");
        }
        if (!SIGNATURE.matcher(signature).matches()) {
            throw ApiError.INCOMPLETE_SIGNATURE.of("Signature must be 64 hexadecimal digits in lower case");
        }
        return new Authorization(
                credential.group(1), credential.group(2), credential.group(3), credential.group(4), names, signature);
    }

    private static Map<String, String> parts(String list) throws ApiException {
        Map<String, String> parts = new HashMap<>();
        for (String part : list.split(",", -1)) {
            Matcher pair = PART.matcher(part);
            if (!pair.matches() || parts.put(pair.group(1), pair.group(2)) != null) {
                throw ApiError.INCOMPLETE_SIGNATURE.of(
                        "it must have Credential, SignedHeaders and Signature, once each");
            }
        }
        return parts;
    }

    /** Day, region, service and terminator. */
    String scope() {
        return day + "/" + region + "/" + service + "/" + TERMINATOR;
    }
}
