package io.portcullis.intercept;

import java.util.List;

/** An interface that can't be attached. Nothing is changed, or all of it has been put back. */
public final class InterceptException extends Exception {
    private final List<String> faults;

    InterceptException(List<String> faults) {
        super(String.join("\n", faults));
        this.faults = List.copyOf(faults);
    }

    /** One line each, for people: what is wrong, and what to do. */
    public List<String> faults() {
        return faults;
    }
}
