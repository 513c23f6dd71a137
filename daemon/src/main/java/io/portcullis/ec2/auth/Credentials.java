package io.portcullis.ec2.auth;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The access keys that may call. Immutable. */
public final class Credentials {
    /** No key: nobody may call. */
    public static final Credentials NONE = new Credentials(List.of());

    private final Map<String, AccessKey> keys = new LinkedHashMap<>();
    private final AccessKey nobody;

    /** @param keys with different ids */
    Credentials(List<AccessKey> keys) {
        keys.forEach(key -> this.keys.put(key.id(), key));
        byte[] secret = new byte[20];
        new SecureRandom().nextBytes(secret);
        nobody = new AccessKey("nobody", HexFormat.of().formatHex(secret), true);
    }

    /** The key with this id. */
    public Optional<AccessKey> find(String id) {
        return Optional.ofNullable(keys.get(id));
    }

    /** Number of keys. */
    public int size() {
        return keys.size();
    }

    /** A key with a secret that nobody knows: a request with an unknown id costs the same time as one with a wrong signature. */
    AccessKey nobody() {
        return nobody;
    }

    /** Without secrets. */
    @Override
    public String toString() {
        return keys.values().toString();
    }
}
