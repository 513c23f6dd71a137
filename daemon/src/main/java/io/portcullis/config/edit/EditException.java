package io.portcullis.config.edit;

import io.portcullis.config.Location;

/** An edit is refused. */
final class EditException extends Exception {
    private static final long serialVersionUID = 1;

    private final transient Outcome.Refused refused;

    EditException(Outcome.Cause cause, Location location, String reason) {
        super(reason);
        refused = new Outcome.Refused(cause, location, reason);
    }

    /** As the result of {@link Editor#apply}. */
    Outcome.Refused refused() {
        return refused;
    }
}
