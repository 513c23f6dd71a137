package io.portcullis.config;

/** The fate of the traffic while the daemon is dead. */
public enum OnFailure {
    /** Nothing passes until the daemon is back, or {@code portcullis detach} releases the NIC. */
    CLOSED("closed"),
    /** Everything passes, unfiltered. */
    OPEN("open");

    private final String key;

    OnFailure(String key) {
        this.key = key;
    }

    /** The word in the configuration. */
    public String key() {
        return key;
    }
}
