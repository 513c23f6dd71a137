package io.portcullis.operations;

import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;

/** The commands that change what the running daemon does. */
public interface DaemonCommands {
    /** Reads the configuration again, applies it, and waits for the outcome; one call at a time. */
    ReloadReport reload(ReloadRequest request, Actor actor);

    /**
     * Puts another configuration in force, and on the disk.
     *
     * @throws IllegalArgumentException if the request makes no sense; the message is a sentence
     */
    ChangeReport apply(ApplyRequest request, Actor actor);

    /**
     * Puts an earlier configuration in force, and on the disk.
     *
     * @throws NoSuchChange if there is none
     */
    ChangeReport rollback(RollbackRequest request, Actor actor);

    /** Keeps the change that waits for its confirmation. */
    ChangeReport confirm(Actor actor);

    /** Stops all traffic, or ends that; outlives the daemon. One call at a time. */
    EmergencyReport panic(PanicRequest request, Actor actor);

    /** Lets everything pass one interface for a time, or ends that; outlives the daemon. One call at a time. */
    EmergencyReport bypass(BypassRequest request, Actor actor);

    /**
     * Ends tracked flows.
     *
     * @throws IllegalArgumentException if the request names an interface, a state or a rule that does not exist; the message is a
     *     sentence
     */
    FlushReport flush(FlushRequest request, Actor actor);
}
