package io.portcullis.operations;

/** The commands that change what the running daemon does. */
public interface DaemonCommands {
    /** Reads the configuration again, applies it, and waits for the outcome; one call at a time. */
    ReloadReport reload(ReloadRequest request, Actor actor);

    /** Stops all traffic, or ends that; outlives the daemon. One call at a time. */
    EmergencyReport panic(PanicRequest request, Actor actor);

    /** Lets everything pass one interface for a time, or ends that; outlives the daemon. One call at a time. */
    EmergencyReport bypass(BypassRequest request, Actor actor);
}
