package io.portcullis.ec2.wire;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Cuts long answers into pages ({@code MaxResults}, {@code NextToken}). A token holds the key of the last item before it, so that items
 * which come or go between two pages are neither repeated nor left out. It is authenticated, for the action that issued it, with a key of
 * this process: after a restart the caller begins anew.
 */
public final class Pages {
    private static final String HMAC = "HmacSHA256";
    private static final int MAC_LENGTH = 16;

    /**
     * One page.
     *
     * @param next the token of the next page; empty: this is the last
     */
    public record Page<T>(List<T> items, Optional<String> next) {
        public Page {
            items = List.copyOf(items);
        }
    }

    private final byte[] secret = new byte[32];

    public Pages() {
        new SecureRandom().nextBytes(secret);
    }

    /**
     * The page that a request asks for: all items, if it has neither parameter.
     *
     * @param sorted all items, ascending by key
     * @param key of an item, unique
     * @throws ApiException the token is none of this action's
     */
    public <T> Page<T> page(Action action, Arguments arguments, List<T> sorted, Function<T, String> key)
            throws ApiException {
        Optional<String> token = arguments.string("NextToken");
        int from = token.isEmpty() ? 0 : firstAfter(position(action, token.get()), sorted, key);
        OptionalInt most = arguments.integer("MaxResults");
        int left = sorted.size() - from;
        int to = from + (most.isEmpty() ? left : Math.clamp(most.getAsInt(), Math.min(1, left), left));
        Optional<String> next =
                to == sorted.size() ? Optional.empty() : Optional.of(token(action, key.apply(sorted.get(to - 1))));
        return new Page<>(sorted.subList(from, to), next);
    }

    private static <T> int firstAfter(String position, List<T> sorted, Function<T, String> key) {
        int low = 0;
        int high = sorted.size();
        while (low < high) {
            int middle = low + high >>> 1;
            if (key.apply(sorted.get(middle)).compareTo(position) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private String token(Action action, String position) {
        byte[] text = position.getBytes(StandardCharsets.UTF_8);
        byte[] token = Arrays.copyOf(mac(action, text), MAC_LENGTH + text.length);
        System.arraycopy(text, 0, token, MAC_LENGTH, text.length);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
    }

    private String position(Action action, String token) throws ApiException {
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(token);
        } catch (IllegalArgumentException e) {
            throw ApiError.INVALID_TOKEN.of(token);
        }
        byte[] text = bytes.length < MAC_LENGTH ? new byte[0] : Arrays.copyOfRange(bytes, MAC_LENGTH, bytes.length);
        if (!MessageDigest.isEqual(mac(action, text), Arrays.copyOf(bytes, Math.min(bytes.length, MAC_LENGTH)))) {
            throw ApiError.INVALID_TOKEN.of(token);
        }
        return new String(text, StandardCharsets.UTF_8);
    }

    private byte[] mac(Action action, byte[] text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(secret, HMAC));
            mac.update((action.name() + "\n").getBytes(StandardCharsets.UTF_8));
            return Arrays.copyOf(mac.doFinal(text), MAC_LENGTH);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + HMAC, e);
        }
    }
}
