package io.portcullis.ec2.wire;

/** A call is refused; nothing has changed. The message is for the caller. */
public final class ApiException extends Exception {
    private static final long serialVersionUID = 1;

    private final ApiError error;

    ApiException(ApiError error, String message) {
        // Refusals are many and cheap: no stack trace.
        super(message, null, false, false);
        this.error = error;
    }

    /** Which error. */
    public ApiError error() {
        return error;
    }

    /** What is wrong, in one line. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
