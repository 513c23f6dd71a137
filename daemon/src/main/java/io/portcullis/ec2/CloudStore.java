package io.portcullis.ec2;

import io.portcullis.ec2.model.Cloud;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Fields;

/** The configuration as EC2's objects, and its changes. Any thread. */
public interface CloudStore {
    /**
     * What is in force now.
     *
     * @throws ApiException Unavailable: nothing is, or the daemon is starting or stopping
     */
    Cloud now() throws ApiException;

    /**
     * Changes the configuration, its files and the state, or nothing. One change at a time: what {@code proposer} is given is what the
     * change is made to. It may be called again if somebody edits the files meanwhile. Ends a dry run, when all is checked.
     *
     * @return the proposal's answer, when the change is in force
     * @throws ApiException of the proposer; DryRunOperation; OperationNotPermitted, if the files or the daemon refuse the change
     */
    Fields change(Call call, Proposer proposer) throws ApiException;
}
