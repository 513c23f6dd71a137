package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.files.SourceText;
import io.portcullis.guard.Cores;
import io.portcullis.guard.StartException;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.History;
import io.portcullis.history.LastGood;
import io.portcullis.journal.Event;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.ReloadReport;
import io.portcullis.policy.analysis.DifferenceText;
import io.portcullis.service.process.Defects;
import io.portcullis.service.process.HeapTrim;
import io.portcullis.service.process.Systemd;
import io.portcullis.service.watch.Edits;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
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
    private final Installer installer;
    private final ChangeLog log;
    private final Confirmation confirmation;
    private final Systemd systemd;
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
            Installer installer,
            ChangeLog log,
            Confirmation confirmation,
            Systemd systemd,
            Executor executor) {
        this.lock = lock;
        this.file = file;
        this.running = running;
        this.reload = reload;
        this.edits = edits;
        this.heap = heap;
        this.lastGood = lastGood;
        this.installer = installer;
        this.log = log;
        this.confirmation = confirmation;
        this.systemd = systemd;
        this.executor = executor;
    }

    /** Follows edits of the files that a start has read. */
    void watch(Reader.Candidate read) {
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

    /**
     * Reads and compiles the files, and changes nothing.
     *
     * @param allowLockout as {@link #reload(boolean)}
     */
    ReloadReport dryRun(boolean allowLockout) {
        synchronized (lock) {
            long startNs = System.nanoTime();
            Reader.Candidate read = Reader.FILES.read(file);
            Config config = read.config();
            if (config == null) {
                return Installer.outcome(read.faults(), startNs, List.of());
            }
            List<String> faults = reload.draft(config, allowLockout).faults();
            List<String> warnings = config.warnings().stream()
                    .limit(StatusView.MOST_WARNINGS)
                    .map(Object::toString)
                    .toList();
            return Installer.outcome(faults, startNs, warnings);
        }
    }

    /**
     * The files, and what they say in force: an edit of them that is not in force yet comes into force first.
     *
     * @return faulty, if it was refused, or another program is writing a file
     */
    Reader.Candidate inForce() {
        synchronized (lock) {
            Reader.Candidate read = Reader.FILES.read(file);
            if (read.config() == null) {
                return read;
            }
            if (!isInForce(read, running.get())) {
                ReloadReport report = reload(Trigger.WATCH, false);
                if (!report.ok()) {
                    return Reader.Candidate.faulty(read.files(), report.errors());
                }
                read = Reader.FILES.read(file);
            }
            boolean isWhole = isInForce(read, running.get()) && edits.watch(read.files(), false);
            return isWhole
                    ? read
                    : Reader.Candidate.faulty(
                            read.files(),
                            List.of(file + ": another program is writing it, or a file that it includes: try again"));
        }
    }

    private static boolean isInForce(Reader.Candidate read, Running now) {
        return read.config() != null && read.config().equals(now.config()) && !now.isLastGood();
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
                return Installer.outcome(List.of("portcullis is starting or stopping"), startNs, List.of());
            }
            Reader.Candidate read = Reader.FILES.read(file);
            try {
                return reload(trigger, read, allowLockout, startNs);
            } catch (StartException e) {
                return refuse(trigger, read, startNs, e.faults());
            } catch (RuntimeException | Error defect) {
                // A refusal, too: nobody else would report it.
                Defects.note("a reload of " + file, defect);
                return refuse(trigger, read, startNs, List.of(file + ": can't be put in force: " + defect));
            }
        }
    }

    private ReloadReport reload(Trigger trigger, Reader.Candidate read, boolean allowLockout, long startNs)
            throws StartException {
        Running before = running.get();
        long readNs = System.nanoTime();
        boolean complete = edits.watch(read.files(), trigger == Trigger.REQUEST);
        boolean inForce = isInForce(read, before);
        if (!complete
                || inForce && trigger == Trigger.WATCH && before.lastReload().ok()) {
            return before.lastReload();
        }
        Optional<String> ended = inForce ? Optional.empty() : confirmation.endByEdit(read.texts());
        if (ended.isPresent()) {
            throw new StartException(List.of(ended.get()));
        }
        Config config = read.valid();
        heap.note(read.texts());
        systemd.reloading();
        Change change = reload.prepare(config, allowLockout);
        long preparedNs = System.nanoTime();
        installer.commit(change);
        long doneNs = System.nanoTime();
        Running now = running.get();
        Event.IN_FORCE
                .in(LOG.atInfo())
                .log(
                        "reloaded {}: {}; generation {}, read {} ms, compiled {} ms, published {} ms",
                        file,
                        StatusView.summary(now),
                        now.number(),
                        TimeUnit.NANOSECONDS.toMillis(readNs - startNs),
                        TimeUnit.NANOSECONDS.toMillis(preparedNs - readNs),
                        TimeUnit.NANOSECONDS.toMillis(doneNs - preparedNs));
        ReloadReport report = installer.report(startNs);
        if (confirmation.waiting() == null) {
            keep(before, read.texts());
        }
        return report;
    }

    private ReloadReport refuse(Trigger trigger, Reader.Candidate read, long startNs, List<String> faults) {
        Running before = running.get();
        ReloadReport last = before.lastReload();
        boolean known = trigger == Trigger.WATCH && !last.ok() && last.errors().equals(faults);
        ReloadReport report = installer.report(faults, startNs, List.of());
        if (!known) {
            String consequence = before.generation() == null
                    ? "portcullis waits for a valid configuration"
                    : "generation " + before.number() + " stays in force";
            Event.REFUSED
                    .in(LOG.atError())
                    .log("reload of {} refused, {}:\n{}", file, consequence, String.join("\n", faults));
            systemd.ready("reload refused, " + consequence + ": " + faults.getFirst());
            log.keep(
                    log.draft(
                            Instant.now(),
                            editor(read.texts()),
                            "",
                            ChangeView.REFUSED,
                            faults.getFirst(),
                            List.of(),
                            List.of(),
                            List.of(),
                            false),
                    read.texts(),
                    Installer.most(before));
        }
        return report;
    }

    /**
     * Keeps the configuration in force as the last good one, and in the history.
     *
     * @param before the state before it
     */
    void keep(Running before, List<SourceText> texts) {
        installer.keep(lastGood, texts);
        Optional<ChangeView> latest = log.latest(texts);
        if (latest.isPresent()) {
            log.isInForce(latest.get());
            return;
        }
        DifferenceText difference = Planner.ofEdit(before, running.get());
        log.keep(
                log.draft(
                        Instant.now(),
                        editor(texts),
                        "",
                        ChangeView.APPLIED,
                        "",
                        difference.admits(),
                        difference.denies(),
                        difference.notes(),
                        difference.compared()),
                texts,
                Installer.most(running.get()));
    }

    /** The owner of the first file that is not as in the configuration before. */
    private ChangeView.By editor(List<SourceText> texts) {
        ChangeView before = log.inForce();
        Path edited = file;
        for (SourceText text : texts) {
            if (before == null || before.files().stream().noneMatch(known -> History.isOf(known, text))) {
                edited = Path.of(text.name());
                break;
            }
        }
        return ChangeLog.editor(edited);
    }
}
