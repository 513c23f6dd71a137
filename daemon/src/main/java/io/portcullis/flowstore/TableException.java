package io.portcullis.flowstore;

import java.util.List;

/** The flow tables of an interface can't be opened; nothing has changed. */
public final class TableException extends Exception {
    private static final long serialVersionUID = 1L;

    private final List<String> faults;

    TableException(List<String> faults) {
        super(String.join("\n", faults));
        this.faults = List.copyOf(faults);
    }

    /** One line per fault: the fault, its place, and what to do. */
    public List<String> faults() {
        return faults;
    }
}
