package io.portcullis.operations;

import java.util.Map;

/**
 * {@code POST /v1/reload}: reads the configuration again.
 *
 * @param allowLockout true: also where the new rules would drop the operator's own ssh session
 */
public record ReloadRequest(boolean allowLockout) {
    private static final String ALLOW_LOCKOUT = "allow-lockout";

    /** The query of the resource. */
    public Map<String, String> query() {
        return allowLockout ? Map.of(ALLOW_LOCKOUT, "true") : Map.of();
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is not a boolean; the message is a sentence
     */
    public static ReloadRequest of(Map<String, String> query) {
        String value = query.getOrDefault(ALLOW_LOCKOUT, "false");
        return switch (value) {
            case "true" -> new ReloadRequest(true);
            case "false" -> new ReloadRequest(false);
            default -> throw new IllegalArgumentException(ALLOW_LOCKOUT + " must be true or false, not " + value);
        };
    }
}
