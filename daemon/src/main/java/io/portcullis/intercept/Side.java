package io.portcullis.intercept;

/** One of the two NICs of a bridge. */
public enum Side {
    /** Towards the world. */
    OUTSIDE,
    /** Towards what is guarded. */
    INSIDE
}
