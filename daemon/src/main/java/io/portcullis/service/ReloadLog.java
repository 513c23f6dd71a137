package io.portcullis.service;

import io.portcullis.metrics.Meters;
import io.portcullis.operations.ReloadReport;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reports outcomes of changes, to status and metrics. */
final class ReloadLog {
    private static final Logger LOG = LoggerFactory.getLogger(ReloadLog.class);

    private final AtomicReference<Running> running;
    private final Meters meters;

    /** Changes what {@code running} holds. */
    ReloadLog(AtomicReference<Running> running, Meters meters) {
        this.running = running;
        this.meters = meters;
    }

    /**
     * Reports an outcome, and its warnings to the log.
     *
     * @param startNs when it began, System.nanoTime()
     */
    ReloadReport report(List<String> faults, long startNs, List<String> warnings) {
        ReloadReport report = outcome(faults, startNs, warnings);
        running.updateAndGet(now -> now.with(report));
        meters.reloaded(report.ok(), Instant.now().getEpochSecond(), report.millis() / 1e3);
        warnings.forEach(warning -> LOG.warn("{}", warning));
        return report;
    }

    /** An outcome that is reported to nobody but the one who asked. */
    static ReloadReport outcome(List<String> faults, long startNs, List<String> warnings) {
        return new ReloadReport(
                faults.isEmpty(),
                Instant.now().truncatedTo(ChronoUnit.MILLIS).toString(),
                millisSince(startNs),
                faults,
                warnings);
    }

    /** Milliseconds since then. */
    static long millisSince(long startNs) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs);
    }
}
