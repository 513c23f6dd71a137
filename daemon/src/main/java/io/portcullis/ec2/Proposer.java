package io.portcullis.ec2;

import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.wire.ApiException;

/** Checks a call and says what it changes. */
@FunctionalInterface
public interface Proposer {
    /**
     * The change, or a refusal.
     *
     * @throws ApiException the call is refused
     */
    Proposal propose(Cloud now) throws ApiException;
}
