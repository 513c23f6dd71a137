package io.portcullis.cli.report;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A pseudorandom function with a key of its own that is never written: HMAC-SHA-256 (RFC 2104, FIPS 180-4). One key for one report:
 * two reports of a machine can't be compared.
 */
final class Pseudonyms {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int KEY_LENGTH = 32;

    private final Mac mac;

    /** With a random key. */
    Pseudonyms() {
        this(new SecureRandom().generateSeed(KEY_LENGTH));
    }

    /** With this key. */
    Pseudonyms(byte[] key) {
        try {
            mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + ALGORITHM, e);
        }
    }

    /**
     * 32 bytes.
     *
     * @param kind of the value: equal values of different kinds have different results
     */
    byte[] of(String kind, byte[] value) {
        mac.update(kind.getBytes(StandardCharsets.UTF_8));
        mac.update((byte) 0);
        return mac.doFinal(value);
    }

    /** The first bytes of it as a number, not negative. */
    int number(String kind, byte[] value) {
        return ByteBuffer.wrap(of(kind, value)).getInt() >>> 1;
    }
}
