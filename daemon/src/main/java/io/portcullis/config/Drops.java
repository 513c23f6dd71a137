package io.portcullis.config;

/** Which dropped packets are logged. */
public enum Drops {
    /** None; they are counted all the same. */
    OFF,
    /** At most 10 lines a second and interface, fair among sources and reasons. */
    SAMPLED,
    /** Every one. */
    ALL
}
