package io.portcullis.net;

/** The direction of a frame through an interface. */
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

    /** The other direction. */
    public Direction opposite() {
        return this == INGRESS ? EGRESS : INGRESS;
    }
}
