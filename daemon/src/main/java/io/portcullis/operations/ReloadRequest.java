package io.portcullis.operations;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code POST /v1/reload}: reads the configuration again.
 *
 * @param allowLockout true: also where the new rules would drop the operator's own ssh session
 * @param dryRun true: everything is read, compiled and judged, and nothing changes
 */
public record ReloadRequest(boolean allowLockout, boolean dryRun) {
    private static final String ALLOW_LOCKOUT = "allow-lockout";
    private static final String DRY_RUN = "dry-run";

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        if (allowLockout) {
            query.put(ALLOW_LOCKOUT, "true");
        }
        if (dryRun) {
            query.put(DRY_RUN, "true");
        }
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is not a boolean; the message is a sentence
     */
    public static ReloadRequest of(Map<String, String> query) {
        return new ReloadRequest(flag(query, ALLOW_LOCKOUT), flag(query, DRY_RUN));
    }

    private static boolean flag(Map<String, String> query, String key) {
        String value = query.getOrDefault(key, "false");
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(key + " must be true or false, not " + value);
        };
    }
}
