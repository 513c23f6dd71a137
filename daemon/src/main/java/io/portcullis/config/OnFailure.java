package io.portcullis.config;

/** What becomes of the traffic when the daemon dies. */
public enum OnFailure {
    /** Nothing passes until a daemon is back, or {@code portcullis detach} gives the NIC back. */
    CLOSED("closed"),
    /** Everything passes, unfiltered. */
    OPEN("open");

    private final String key;

    OnFailure(String key) {
        this.key = key;
    }

    /** As it is written. */
    public String key() {
        return key;
    }
}
