package io.portcullis.config;

import java.util.List;

/**
 * Which messages and which packets are logged, and how many dropped packets are recorded.
 *
 * @param never packets from or to these addresses are not logged; no groups
 * @param recorder the top-level key of that name
 */
public record Log(Level level, Drops drops, List<Peer> never, Recorder recorder) {
    public Log {
        never = List.copyOf(never);
    }

    /**
     * The record of dropped frames, for each interface.
     *
     * @param memory bytes for all workers of an interface; 0: nothing is recorded
     * @param snap most bytes of a frame that are kept
     */
    public record Recorder(long memory, int snap) {
        public static final long LEAST_MEMORY = 1L << 20;
        public static final long MOST_MEMORY = 1L << 30;
        public static final int SHORTEST_SNAP = 64;
        public static final int LONGEST_SNAP = 1_600;

        /** The default. */
        public static final Recorder STANDARD = new Recorder(16L << 20, 128);

        public Recorder {
            if (memory != 0 && (memory < LEAST_MEMORY || memory > MOST_MEMORY)) {
                throw new IllegalArgumentException("memory " + memory);
            }
            if (snap < SHORTEST_SNAP || snap > LONGEST_SNAP) {
                throw new IllegalArgumentException("snap " + snap);
            }
        }
    }

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
