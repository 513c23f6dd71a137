package io.portcullis.operations;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * {@code POST /v1/panic}: stops all traffic, or ends that.
 *
 * @param on true: nothing passes from now on
 * @param keepFailsafe true: but flows that failsafe rules admit
 */
public record PanicRequest(boolean on, boolean keepFailsafe) {
    private static final String STATE = "state";
    private static final String KEEP_FAILSAFE = "keep-failsafe";

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if they make no sense together; the message is a sentence
     */
    public PanicRequest {
        if (!on && keepFailsafe) {
            throw new IllegalArgumentException(KEEP_FAILSAFE + " belongs to on: without panic the rules decide");
        }
    }

    /** The query of the resource. */
    public Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        query.put(STATE, on ? "on" : "off");
        if (keepFailsafe) {
            query.put(KEEP_FAILSAFE, "true");
        }
        return query;
    }

    /**
     * Reads the query of the resource.
     *
     * @throws IllegalArgumentException if a value is missing or wrong; the message is a sentence
     */
    public static PanicRequest of(Map<String, String> query) {
        String state = query.getOrDefault(STATE, "");
        String keep = query.getOrDefault(KEEP_FAILSAFE, "false");
        if (!state.equals("on") && !state.equals("off")) {
            throw new IllegalArgumentException(STATE + " must be on or off");
        }
        if (!keep.equals("true") && !keep.equals("false")) {
            throw new IllegalArgumentException(KEEP_FAILSAFE + " must be true or false, not " + keep);
        }
        return new PanicRequest(state.equals("on"), keep.equals("true"));
    }
}
