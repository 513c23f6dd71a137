package io.portcullis.operations;

import io.portcullis.net.DurationText;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The level of the running daemon's log. Any thread. */
public interface LogLevels {
    /** {@code GET /v1/log-level}: the level now. */
    Report now();

    /**
     * {@code POST /v1/log-level}: another level, until the next reload or restart, or for a time.
     *
     * @throws IllegalArgumentException if there is no such level; the message is a sentence
     */
    Report set(Request request, Actor actor);

    /**
     * The level now.
     *
     * @param level of the least severe messages that are logged: {@code error}, {@code warn}, {@code info}, {@code debug}, {@code trace}
     * @param configured the level of the configuration, which comes back
     * @param until when it comes back, ISO 8601; null: {@code level} is that of the configuration, or stays until a reload
     */
    record Report(String level, String configured, @Nullable String until) {
        /** Checks that both levels are there: it may be read from an answer that is not portcullis's. */
        public Report {
            Objects.requireNonNull(level, "level");
            Objects.requireNonNull(configured, "configured");
        }
    }

    /**
     * Another level.
     *
     * @param millis for how long; 0: until the next reload or restart
     */
    record Request(String level, long millis) {
        private static final String LEVEL = "level";
        private static final String FOR = "for";

        /** The query of the resource. */
        public Map<String, String> query() {
            return Map.of(LEVEL, level, FOR, millis + "ms");
        }

        /**
         * Reads the query of the resource.
         *
         * @throws IllegalArgumentException if a value is missing or wrong; the message is a sentence
         */
        public static Request of(Map<String, String> query) {
            String level = query.getOrDefault(LEVEL, "");
            if (level.isEmpty()) {
                throw new IllegalArgumentException(LEVEL + " is missing");
            }
            long millis = DurationText.parse(query.getOrDefault(FOR, "0s"))
                    .map(Duration::toMillis)
                    .orElseThrow(() -> new IllegalArgumentException(
                            FOR + " must be a number and its unit, ms, s, m, h or d, such as 10m"));
            return new Request(level, millis);
        }
    }
}
