package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.History;
import io.portcullis.config.files.SourceText;
import io.portcullis.gate.BootGate;
import io.portcullis.history.LastGood;
import io.portcullis.journal.Event;
import io.portcullis.metrics.Meters;
import io.portcullis.operations.ReloadReport;
import io.portcullis.service.emergency.Emergency;
import io.portcullis.service.process.Systemd;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Puts a prepared change in force, and reports it to log, status, metrics and systemd. Under the daemon's lock. */
final class Installer {
    private static final Logger LOG = LoggerFactory.getLogger(Installer.class);

    private final AtomicReference<Running> running;
    private final Reload reload;
    private final StatusView view;
    private final Systemd systemd;
    private final Meters meters;
    private final Emergency emergency;

    /** Changes what {@code running} holds. */
    Installer(
            AtomicReference<Running> running,
            Reload reload,
            StatusView view,
            Systemd systemd,
            Meters meters,
            Emergency emergency) {
        this.running = running;
        this.reload = reload;
        this.view = view;
        this.systemd = systemd;
        this.meters = meters;
        this.emergency = emergency;
    }

    /** How many changes are kept. */
    static int most(Running now) {
        Config config = now.config();
        return (config == null ? History.STANDARD : config.history()).keep();
    }

    /** Puts a change in force. It can't fail. */
    void commit(Change change) {
        reload.commit(change);
        view.showDegraded(running.get(), meters);
    }

    /** As {@link #commit(Change)}, for a configuration that has to come into force in any case. */
    void commitInAnyCase(Config config) {
        commit(reload.prepareInAnyCase(config));
    }

    /**
     * Reports the configuration that is in force now, to status, metrics and systemd; its warnings to the log.
     *
     * @param startNs when the change began, System.nanoTime()
     */
    ReloadReport report(long startNs) {
        Running now = running.get();
        ReloadReport report = report(
                List.of(),
                startNs,
                Stream.concat(StatusView.notInstalled(now).stream(), view.warnings(now).stream())
                        .toList());
        systemd.ready(StatusView.summary(now));
        return report;
    }

    /** As {@link #report(long)}, with a line in the log. */
    void report(long startNs, String what) {
        report(startNs);
        Running now = running.get();
        Event.IN_FORCE
                .in(LOG.atInfo())
                .log("{} is in force: {}; generation {}", what, StatusView.summary(now), now.number());
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

    /** Keeps a configuration as the last good one, and its gate for the next boot. */
    void keep(LastGood lastGood, List<SourceText> texts) {
        String reason = lastGood.keep(texts).orElse("");
        String boot = keepBootGate();
        String notKept = Stream.of(reason, boot).filter(text -> !text.isEmpty()).collect(Collectors.joining("; "));
        running.updateAndGet(now -> now.withNotKept(notKept));
        if (!reason.isEmpty()) {
            LOG.warn("this configuration is not kept as the last good one: {}", reason);
        }
    }

    /**
     * Keeps the gate of the next boot: it admits no more than panic, if that is on.
     *
     * @return why it does not do what the configuration says; empty: it does
     */
    String keepBootGate() {
        Generation kept = running.get().generation();
        if (kept == null) {
            return "";
        }
        List<String> warnings = BootGate.keep(kept.config(), name -> emergency.enforced(name, kept.policy(name)));
        warnings.forEach(warning -> LOG.warn("{}", warning));
        return String.join("; ", warnings);
    }
}
