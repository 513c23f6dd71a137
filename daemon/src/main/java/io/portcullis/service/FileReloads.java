package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.files.SourceText;
import io.portcullis.gate.BootGate;
import io.portcullis.guard.Cores;
import io.portcullis.guard.StartException;
import io.portcullis.history.LastGood;
import io.portcullis.metrics.Meters;
import io.portcullis.operations.ReloadReport;
import io.portcullis.service.watch.Edits;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the configuration as a source of changes: an edit, a SIGHUP or an operator's request reads them, prepares a {@link
 * Change} and commits it, and reports the outcome to log, metrics, status and systemd. Any thread; one reload at a time, under the
 * daemon's lock.
 */
final class FileReloads {
    private static final Logger LOG = LoggerFactory.getLogger(FileReloads.class);

    /** The source of a request to reload. */
    private enum Trigger {
        /** The files changed; nothing is logged where their content is in force already. */
        WATCH,
        /** An operator: SIGHUP or {@code portcullis reload}. */
        REQUEST
    }

    private final Object lock;
    private final Path file;
    private final AtomicReference<Running> running;
    private final Reload reload;
    private final Edits edits;
    private final HeapTrim heap;
    private final LastGood lastGood;
    private final StatusView view;
    private final Systemd systemd;
    private final Meters meters;
    private final Executor executor;

    /** True: a reload that the watch requested has not begun. */
    private final AtomicBoolean pending = new AtomicBoolean();

    /**
     * Reads nothing yet.
     *
     * @param lock the daemon's
     * @param executor runs what {@link #edited} and {@link #request} ask for
     */
    FileReloads(
            Object lock,
            Path file,
            AtomicReference<Running> running,
            Reload reload,
            Edits edits,
            HeapTrim heap,
            LastGood lastGood,
            StatusView view,
            Systemd systemd,
            Meters meters,
            Executor executor) {
        this.lock = lock;
        this.file = file;
        this.running = running;
        this.reload = reload;
        this.edits = edits;
        this.heap = heap;
        this.lastGood = lastGood;
        this.view = view;
        this.systemd = systemd;
        this.meters = meters;
        this.executor = executor;
    }

    /** Follows edits of the files that a start has read. */
    void watch(Candidate read) {
        edits.watch(read.files(), true);
        heap.note(read.texts());
    }

    /** The files were edited. Several edits before a reload begins are one: it reads them all. Does not wait. */
    void edited() {
        if (pending.compareAndSet(false, true)) {
            submit(Trigger.WATCH);
        }
    }

    /** An operator sent SIGHUP. Does not wait. */
    void request() {
        submit(Trigger.REQUEST);
    }

    private void submit(Trigger trigger) {
        try {
            executor.execute(() -> reload(trigger, false));
        } catch (RejectedExecutionException stopping) {
            LOG.debug("no reload: portcullis is stopping", stopping);
        }
    }

    /**
     * Reloads, and waits for the outcome.
     *
     * @param allowLockout true: also where an ssh session would be refused anew
     */
    ReloadReport reload(boolean allowLockout) {
        return reload(Trigger.REQUEST, allowLockout);
    }

    private ReloadReport reload(Trigger trigger, boolean allowLockout) {
        return heap.expectsLarge(file)
                ? Cores.behindOthers(() -> reloadNow(trigger, allowLockout))
                : reloadNow(trigger, allowLockout);
    }

    private ReloadReport reloadNow(Trigger trigger, boolean allowLockout) {
        synchronized (lock) {
            if (trigger == Trigger.WATCH) {
                pending.set(false);
            }
            long startNs = System.nanoTime();
            if (!running.get().started()) {
                return outcome(List.of("portcullis is starting or stopping"), startNs, List.of());
            }
            try {
                return reload(trigger, allowLockout, startNs);
            } catch (StartException e) {
                return refuse(trigger, startNs, e.faults());
            } catch (RuntimeException | Error defect) {
                // A refusal, too: nobody else would report it.
                Defects.note("a reload of " + file, defect);
                return refuse(trigger, startNs, List.of(file + ": can't be put in force: " + defect));
            }
        }
    }

    private ReloadReport reload(Trigger trigger, boolean allowLockout, long startNs) throws StartException {
        Running before = running.get();
        Candidate read = Reader.FILES.read(file);
        long readNs = System.nanoTime();
        boolean complete = edits.watch(read.files(), trigger == Trigger.REQUEST);
        boolean inForce = read.config() != null && read.config().equals(before.config()) && !before.isLastGood();
        if (!complete
                || inForce && trigger == Trigger.WATCH && before.lastReload().ok()) {
            return before.lastReload();
        }
        Config config = read.valid();
        heap.note(read.texts());
        systemd.reloading();
        Change change = reload.prepare(config, allowLockout);
        long preparedNs = System.nanoTime();
        reload.commit(change);
        Running now = running.get();
        view.showDegraded(now, meters);
        long doneNs = System.nanoTime();
        ReloadReport report = report(
                List.of(),
                startNs,
                Stream.concat(StatusView.notInstalled(now).stream(), view.warnings(now).stream())
                        .toList());
        LOG.info(
                "reloaded {}: {}; generation {}, read {} ms, compiled {} ms, published {} ms",
                file,
                StatusView.summary(now),
                now.number(),
                TimeUnit.NANOSECONDS.toMillis(readNs - startNs),
                TimeUnit.NANOSECONDS.toMillis(preparedNs - readNs),
                TimeUnit.NANOSECONDS.toMillis(doneNs - preparedNs));
        systemd.ready(StatusView.summary(now));
        keep(read.texts());
        return report;
    }

    private ReloadReport refuse(Trigger trigger, long startNs, List<String> faults) {
        Running before = running.get();
        ReloadReport last = before.lastReload();
        boolean known = trigger == Trigger.WATCH && !last.ok() && last.errors().equals(faults);
        ReloadReport report = report(faults, startNs, List.of());
        if (!known) {
            String consequence = before.generation() == null
                    ? "portcullis waits for a valid configuration"
                    : "generation " + before.number() + " stays in force";
            LOG.error("reload of {} refused, {}:\n{}", file, consequence, String.join("\n", faults));
            systemd.ready("reload refused, " + consequence + ": " + faults.getFirst());
        }
        return report;
    }

    /**
     * Reports the outcome of a reading: to status and metrics, and the warnings to the log.
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

    private static ReloadReport outcome(List<String> faults, long startNs, List<String> warnings) {
        return new ReloadReport(
                faults.isEmpty(),
                Instant.now().truncatedTo(ChronoUnit.MILLIS).toString(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs),
                faults,
                warnings);
    }

    /** Keeps the configuration in force as the last good one. */
    void keep(List<SourceText> texts) {
        String reason = lastGood.keep(texts).orElse("");
        Generation kept = running.get().generation();
        List<String> boot = kept == null ? List.of() : BootGate.keep(kept.config(), kept::policy);
        boot.forEach(warning -> LOG.warn("{}", warning));
        String notKept = Stream.concat(Stream.of(reason), boot.stream())
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining("; "));
        running.updateAndGet(now -> now.withNotKept(notKept));
        if (!reason.isEmpty()) {
            LOG.warn("this configuration is not kept as the last good one: {}", reason);
        }
    }
}
