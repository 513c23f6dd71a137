package io.portcullis.config;

/** Where in the kernel the programs of host mode are attached. */
public enum Attach {
    /** {@link #TCX}, or where the kernel has none {@link #CLSACT}. */
    AUTO("auto"),
    /** Linux 6.6 and later. */
    TCX("tcx"),
    /** A qdisc and its filters: every kernel since 4.5. */
    CLSACT("clsact");

    private final String key;

    Attach(String key) {
        this.key = key;
    }

    /** As it is written. */
    public String key() {
        return key;
    }
}
