package io.portcullis.control;

/** What can be asked of the running daemon. */
public interface Operations {
    /** What stands where, and how it fares. Asked on a server's loop: must not wait. */
    StatusReport status();

    /** Reads the configuration again and waits for the outcome; asked on the executor given to {@link ControlServer}. */
    ReloadReport reload();

    /**
     * What would become of a packet; asked on the executor given to {@link ControlServer}.
     *
     * @throws IllegalArgumentException if the question makes no sense here, with a sentence about it
     */
    ExplainReport explain(Question question);

    /** Whether every interface forwards. Asked on a server's loop: must not wait. */
    Health health();
}
