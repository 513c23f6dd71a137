package io.portcullis.net;

/** Which way a frame travels through an interface. */
public enum Direction {
    /** From outside to inside. */
    INGRESS("ingress"),
    /** From inside to outside. */
    EGRESS("egress");

    private final String label;

    Direction(String label) {
        this.label = label;
    }

    /** The name in metrics, logs and rule ids. */
    public String label() {
        return label;
    }

    /** The other way. */
    public Direction opposite() {
        return this == INGRESS ? EGRESS : INGRESS;
    }
}
