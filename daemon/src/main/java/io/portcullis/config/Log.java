package io.portcullis.config;

/** Which messages and which dropped packets are logged. */
public record Log(Level level, Drops drops) {
    /** The least severe messages that are logged. */
    public enum Level {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    /** Which dropped packets are logged. All of them are counted. */
    public enum Drops {
        /** None. */
        OFF,
        /** At most 10 lines a second and interface, fair among sources and reasons. */
        SAMPLED,
        /** Every one. */
        ALL
    }
}
