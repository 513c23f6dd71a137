package io.portcullis.recorder;

/** What the frames of one record have in common, beside reason and direction. */
public enum Scope {
    /** Source, destination, protocol and port. */
    EXACT,
    /** The source: it has sent to too many destinations or ports in this second. */
    SOURCE,
    /** Destination, protocol and port: too many sources have sent there in this second. */
    TARGET,
    /** Nothing else: there were too many in this second. */
    REASON
}
