package io.portcullis.cli.replay;

/** The outcome for a frame, with its name in tables and JSON. */
enum Verdict {
    PASS("pass"),
    DROP("drop"),
    /** Under {@code enforce: audit}. */
    WOULD_DROP("would-drop"),
    /** Not judged: it neither entered nor left the interface. */
    SKIP("skip");

    private final String label;

    Verdict(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }

    boolean drops() {
        return this == DROP || this == WOULD_DROP;
    }
}
