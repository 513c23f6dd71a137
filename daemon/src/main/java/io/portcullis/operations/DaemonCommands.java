package io.portcullis.operations;

/** The commands that change what the running daemon does. */
public interface DaemonCommands {
    /** Reads the configuration again, applies it, and waits for the outcome; one call at a time. */
    ReloadReport reload(ReloadRequest request, Actor actor);
}
