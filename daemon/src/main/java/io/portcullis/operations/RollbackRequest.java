package io.portcullis.operations;

import java.util.Objects;

/**
 * {@code POST /v1/rollback}: puts an earlier configuration in force again, and on the disk.
 *
 * @param to its number; 0: the one before the one in force
 */
public record RollbackRequest(long to, ChangeOptions options) {
    public RollbackRequest {
        options = Objects.requireNonNullElse(options, ChangeOptions.PLAIN);
    }

    /** The same with other options. */
    public RollbackRequest with(ChangeOptions other) {
        return new RollbackRequest(to, other);
    }
}
