package io.portcullis.guard;

import java.util.List;

/** A start or a change is refused; everything is as it was before. */
public class StartException extends Exception {
    private static final long serialVersionUID = 1L;

    private final List<String> faults;

    public StartException(List<String> faults) {
        super(String.join("\n", faults));
        this.faults = List.copyOf(faults);
    }

    /** One line per fault: what is wrong, where, and what to do. */
    public List<String> faults() {
        return faults;
    }
}
