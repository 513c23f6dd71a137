package io.portcullis.metrics;

import org.jspecify.annotations.Nullable;

/**
 * All metrics at one moment.
 *
 * @param contentType for the header of that name
 * @param body in that format; never written again, so that several connections may share it
 */
@SuppressWarnings("ArrayRecordComponent") // written to sockets, never compared
public record Scrape(String contentType, byte[] body) {
    private static final String OPEN_METRICS_TYPE = "application/openmetrics-text";

    /** The formats that metrics can be written in. */
    public enum Format {
        /** Of Prometheus, version 0.0.4. */
        TEXT("text/plain; version=0.0.4; charset=utf-8"),
        /** OpenMetrics 1.0.0. */
        OPEN_METRICS(OPEN_METRICS_TYPE + "; version=1.0.0; charset=utf-8");

        private final String contentType;

        Format(String contentType) {
            this.contentType = contentType;
        }

        /** The one that an HTTP {@code Accept} header asks for: OpenMetrics where it is named, else text. */
        public static Format of(@Nullable String accept) {
            return accept != null && accept.contains(OPEN_METRICS_TYPE) ? OPEN_METRICS : TEXT;
        }

        /** For the header of that name. */
        public String contentType() {
            return contentType;
        }
    }
}
