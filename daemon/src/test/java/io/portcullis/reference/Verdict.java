package io.portcullis.reference;

import io.portcullis.engine.Reason;
import org.jspecify.annotations.Nullable;

/**
 * The verdict on one packet.
 *
 * @param reason for which it is dropped, or would be; {@link Reason#NONE}: it passes
 * @param audited true: it passes nevertheless
 * @param rule that is credited with it, or null
 */
public record Verdict(
        Reason reason, boolean audited, @Nullable String rule) {
    /** It passes, and no rule is credited. */
    static final Verdict PASS = new Verdict(Reason.NONE, false, null);

    public boolean passes() {
        return reason == Reason.NONE || audited;
    }

    /** As vectors write it. */
    @Override
    public String toString() {
        if (reason == Reason.NONE) {
            return rule == null ? "pass" : "pass " + rule;
        }
        return (audited ? "pass would-drop " : "drop ") + reason.label();
    }
}
