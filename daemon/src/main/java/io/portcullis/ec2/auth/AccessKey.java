package io.portcullis.ec2.auth;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** An access key: its public id, and its secret, which nothing but a signature shows. */
public final class AccessKey {
    private static final String HMAC = "HmacSHA256";
    private static final Pattern ID = Pattern.compile("\\w{1,128}");
    private static final Pattern SECRET = Pattern.compile("[!-~]{16,256}");

    private final String id;
    private final byte[] secret;
    private final boolean readOnly;

    /** @param readOnly true: it may look, and change nothing */
    AccessKey(String id, String secret, boolean readOnly) {
        if (!isId(id) || !isSecret(secret)) {
            throw new IllegalArgumentException("not an access key");
        }
        this.id = id;
        this.secret = ("AWS4" + secret).getBytes(StandardCharsets.US_ASCII);
        this.readOnly = readOnly;
    }

    static boolean isId(String text) {
        return ID.matcher(text).matches();
    }

    static boolean isSecret(String text) {
        return SECRET.matcher(text).matches();
    }

    /** Public: it is part of every request. */
    public String id() {
        return id;
    }

    /** True: it may look, and change nothing. */
    public boolean isReadOnly() {
        return readOnly;
    }

    /** True: id, secret and permission are the same. */
    boolean isSame(AccessKey other) {
        return id.equals(other.id) && readOnly == other.readOnly && MessageDigest.isEqual(secret, other.secret);
    }

    /**
     * Signs (Signature Version 4, "Calculate the signature").
     *
     * @param scope day, region and service
     * @param text the string to sign
     */
    byte[] sign(Authorization scope, String text) {
        byte[] ofDay = hmac(secret, scope.day());
        byte[] ofRegion = hmac(ofDay, scope.region());
        byte[] ofService = hmac(ofRegion, scope.service());
        return hmac(hmac(ofService, Authorization.TERMINATOR), text);
    }

    private static byte[] hmac(byte[] key, String text) {
        try {
            Mac mac = Mac.getInstance(HMAC);
            mac.init(new SecretKeySpec(key, HMAC));
            return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has " + HMAC, e);
        }
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "access key " + id + (readOnly ? " (read-only)" : "");
    }
}
