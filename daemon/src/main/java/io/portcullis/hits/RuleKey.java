package io.portcullis.hits;

import io.portcullis.policy.RuleIdentity;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The identity of a rule in files: the first 128 bits of the SHA-256 of {@link RuleIdentity#text} and, for a repetition of the same
 * rule in its list, of its ordinal. Not 0 and 0.
 */
public record RuleKey(long high, long low) {
    /** Makes keys; one thread at a time. */
    static final class Maker {
        private final MessageDigest digest;

        Maker() {
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException missing) {
                throw new IllegalStateException("every JDK has SHA-256 (java.security.MessageDigest)", missing);
            }
        }

        /**
         * The key of a rule.
         *
         * @param ordinal 1 for the first rule of that identity, 2 for the same rule written once more
         */
        RuleKey key(RuleIdentity identity, int ordinal) {
            String text = ordinal == 1 ? identity.text() : identity.text() + '\n' + ordinal;
            ByteBuffer hash = ByteBuffer.wrap(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
            // 0 is the high half of a free slot.
            return new RuleKey(hash.getLong() | 1, hash.getLong());
        }
    }
}
