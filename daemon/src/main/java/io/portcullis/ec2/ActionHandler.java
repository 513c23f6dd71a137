package io.portcullis.ec2;

import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;

/** Does what one action says. */
@FunctionalInterface
public interface ActionHandler {
    /**
     * The answer. An action that changes something does so by {@link CloudStore#change}, which ends a dry run.
     *
     * @throws ApiException the call is refused, and nothing has changed
     */
    Fields answer(Call call) throws ApiException;
}
