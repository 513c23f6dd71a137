package io.portcullis.operations;

import io.portcullis.control.ControlServer;

/** What can be asked of the running daemon. */
public interface DaemonApi {
    /** What is guarded, and how that goes. Asked on a server's loop: must not wait, for a lock neither. */
    StatusReport status();

    /**
     * Reads the configuration again and waits for the outcome; asked on the executor given to {@link ControlServer}.
     *
     * @param allowLockout true: also where the new rules would refuse the operator's own ssh session
     */
    ReloadReport reload(boolean allowLockout);

    /**
     * What would become of a packet; asked on a thread of its own.
     *
     * @throws IllegalArgumentException if the question makes no sense here, with a sentence about it
     */
    ExplainReport explain(ExplainRequest question);

    /** Whether every interface forwards. Asked on a server's loop: must not wait, for a lock neither. */
    Health health();
}
