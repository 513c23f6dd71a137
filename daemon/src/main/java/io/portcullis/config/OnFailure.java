package io.portcullis.config;

import java.util.Arrays;
import java.util.Optional;

/** The fate of the traffic while the daemon is dead. */
public enum OnFailure {
    /** Nothing passes until the daemon is back, or {@code portcullis detach} releases the NIC. */
    CLOSED("closed"),
    /** Link classes and failsafe rules pass, by programs in the kernel. Host mode only. */
    FAILSAFE("failsafe"),
    /** Everything passes, unfiltered. */
    OPEN("open");

    private final String key;

    OnFailure(String key) {
        this.key = key;
    }

    /** The value with that word. */
    public static Optional<OnFailure> of(String key) {
        return Arrays.stream(values()).filter(value -> value.key.equals(key)).findFirst();
    }

    /** True: the daemon's programs go with it, and others, or none, decide from then on. */
    public boolean endsWithDaemon() {
        return this != CLOSED;
    }

    /** The word in the configuration. */
    public String key() {
        return key;
    }
}
