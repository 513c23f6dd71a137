package io.portcullis.ec2;

import io.portcullis.ec2.auth.AccessKey;
import io.portcullis.ec2.wire.Action;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;

/**
 * A call that is authenticated and well formed.
 *
 * @param by who calls; may do what the action does
 * @param requestId also in the answer
 */
public record Call(Action action, Arguments arguments, AccessKey by, String requestId) {
    /** True: the request has {@code DryRun=true}. */
    public boolean isDryRun() {
        return action.hasDryRun() && arguments.flag("DryRun");
    }

    /**
     * Ends a trial: when all is checked, and before anything changes.
     *
     * @throws ApiException DryRunOperation, if the request has {@code DryRun=true}
     */
    public void endDryRun() throws ApiException {
        if (isDryRun()) {
            throw ApiError.DRY_RUN_OPERATION.of();
        }
    }
}
