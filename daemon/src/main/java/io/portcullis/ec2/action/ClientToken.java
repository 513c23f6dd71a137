package io.portcullis.ec2.action;

import io.portcullis.ec2.Call;
import io.portcullis.ec2.state.State;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The token that a client has made up for a call that makes an object, so that it can repeat the call (Ensuring idempotency, EC2 API
 * Reference).
 *
 * @param text empty: the call has none
 * @param key in the state
 * @param request a checksum of the other parameters
 */
record ClientToken(String text, String key, String request) {
    private static final int LONGEST = 255;
    private static final String SUM = "SHA-256";

    /**
     * The token of a call.
     *
     * @param parameters all others, in an order that is always the same
     * @throws ApiException it is too long
     */
    static ClientToken of(Call call, List<String> parameters) throws ApiException {
        String text = call.arguments().string("ClientToken").orElse("");
        if (text.codePointCount(0, text.length()) > LONGEST) {
            throw ApiError.INVALID_VALUE.of(text, "ClientToken", "Expecting at most " + LONGEST + " characters.");
        }
        return new ClientToken(text, call.action().name() + " " + text, checksum(parameters));
    }

    private static String checksum(List<String> parameters) {
        try {
            MessageDigest sum = MessageDigest.getInstance(SUM);
            for (String each : parameters) {
                // The lengths tell [ab, c] from [a, bc].
                sum.update((each.length() + ":" + each).getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(sum.digest());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + SUM, e);
        }
    }

    /**
     * The id of the object that the same call has made; it may have been deleted since. Empty: there was no such call.
     *
     * @throws ApiException IdempotentParameterMismatch: there was one, with other parameters
     */
    Optional<String> madeBefore(State state) throws ApiException {
        State.ClientToken known = text.isEmpty() ? null : state.tokens().get(key);
        if (known == null) {
            return Optional.empty();
        }
        if (!known.request().equals(request)) {
            throw ApiError.TOKEN_OF_ANOTHER_CALL.of(text);
        }
        return Optional.of(known.id());
    }

    /** The same state, which knows this call. */
    State kept(State state, String id) {
        return text.isEmpty() ? state : state.withToken(key, new State.ClientToken(request, id));
    }
}
