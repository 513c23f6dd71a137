package io.portcullis.service;

import io.portcullis.config.edit.Outcome;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceText;
import io.portcullis.guard.Cores;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.guard.StartException;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.FileSwap;
import io.portcullis.history.LastGood;
import io.portcullis.history.Pending;
import io.portcullis.history.Waiting;
import io.portcullis.linux.FileFault;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.ChangeFiles;
import io.portcullis.operations.ChangeOptions;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.ChangeView;
import io.portcullis.operations.HistoryReport;
import io.portcullis.operations.NoSuchChange;
import io.portcullis.operations.RollbackRequest;
import io.portcullis.service.process.HeapTrim;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Changes that an operator asks for: apply, rollback, confirm. Each has a number, is kept before anything is touched, and comes into
 * force with its files, or not at all. Any thread; one at a time, under the daemon's lock.
 */
final class Changes {
    private final Object lock;
    private final Path file;
    private final AtomicReference<Running> running;
    private final Reload reload;
    private final Planner planner;
    private final ChangeLog log;
    private final Confirmation confirmation;
    private final Installer installer;
    private final LastGood lastGood;

    /** Nothing is read yet. */
    Changes(
            Object lock,
            Path file,
            AtomicReference<Running> running,
            Reload reload,
            Planner planner,
            ChangeLog log,
            Confirmation confirmation,
            Installer installer,
            LastGood lastGood) {
        this.lock = lock;
        this.file = file;
        this.running = running;
        this.reload = reload;
        this.planner = planner;
        this.log = log;
        this.confirmation = confirmation;
        this.installer = installer;
        this.lastGood = lastGood;
    }

    /**
     * Puts another configuration in force and on the disk.
     *
     * @throws IllegalArgumentException if a path leads out of the configuration's folder
     */
    ChangeReport apply(ApplyRequest request, Actor actor) {
        Path folder = Objects.requireNonNull(Overlay.key(file).getParent());
        Map<Path, String> texts = new LinkedHashMap<>();
        for (ApplyRequest.File each : request.files()) {
            Path path = each.path().isEmpty()
                    ? Overlay.key(file)
                    : folder.resolve(each.path()).normalize();
            if (!path.startsWith(folder)) {
                throw new IllegalArgumentException(each.path() + " is not below " + folder);
            }
            texts.put(path, each.text());
        }
        Overlay overlay = new Overlay(texts, request.complete() ? folder : null, Set.of());
        Supplier<ChangeReport> work = () -> {
            synchronized (lock) {
                return make(overlay, Map.of(), request.options(), ChangeView.By.of(actor, "apply"));
            }
        };
        long characters = texts.values().stream().mapToLong(String::length).sum();
        return characters >= HeapTrim.LARGE ? Cores.behindOthers(work) : work.get();
    }

    /**
     * Puts edits of the files in force and on the disk, for a program that has made them. In conflict: somebody has edited a file
     * meanwhile.
     *
     * @param edits with the texts that the files must still have
     */
    ChangeReport splice(List<Outcome.FileChange> edits, ChangeOptions options, Actor actor) {
        Map<Path, String> texts = new LinkedHashMap<>();
        Map<String, @Nullable String> before = new HashMap<>();
        for (Outcome.FileChange edit : edits) {
            texts.put(Overlay.key(Path.of(edit.name())), edit.after());
            before.put(edit.name(), edit.before());
        }
        synchronized (lock) {
            return make(new Overlay(texts, null, Set.of()), before, options, ChangeView.By.of(actor, "api"));
        }
    }

    /**
     * Puts an earlier configuration in force and on the disk. Without a number, a change that waits for its confirmation goes back.
     *
     * @throws NoSuchChange if there is none
     */
    ChangeReport rollback(RollbackRequest request, Actor actor) {
        ChangeView.By by = ChangeView.By.of(actor, "rollback");
        synchronized (lock) {
            long startNs = System.nanoTime();
            Waiting waiting = confirmation.waiting();
            if (waiting != null
                    && (request.to() == 0 || request.to() == waiting.pending().base())) {
                return endWait(waiting, request.options(), by, startNs);
            }
            ChangeView target = target(request.to());
            try {
                List<SourceText> texts = log.history().texts(target);
                Overlay overlay = new Overlay(Planner.texts(texts), file.getRoot(), Set.of());
                ChangeOptions options = request.options();
                String note = options.note().isEmpty() ? "back to @" + target.change() : options.note();
                return make(
                        overlay,
                        Map.of(),
                        new ChangeOptions(
                                note,
                                options.confirmMs(),
                                options.dryRun(),
                                options.allowLockout(),
                                options.base(),
                                options.session()),
                        by);
            } catch (IOException damaged) {
                return state(List.of("@" + target.change() + " can't be read: " + FileFault.text(damaged)), startNs);
            }
        }
    }

    private ChangeReport endWait(Waiting waiting, ChangeOptions options, ChangeView.By by, long startNs) {
        if (!options.dryRun()) {
            return state(confirmation.goBack("rolled back by " + by).stream().toList(), startNs);
        }
        long base = waiting.pending().base();
        try {
            List<SourceText> texts = log.history()
                    .texts(log.history().find(base).orElseThrow(() -> new IOException("@" + base + " is lost")));
            Plan plan =
                    planner.plan(new Overlay(Planner.texts(texts), file.getRoot(), Set.of()), true, options.session());
            return report(plan, draft(plan, options, by, plan.faults()).numbered(base), options, false, startNs);
        } catch (IOException damaged) {
            return state(List.of("@" + base + " can't be read: " + FileFault.text(damaged)), startNs);
        }
    }

    private ChangeView target(long number) {
        if (number == 0) {
            return log.previous()
                    .orElseThrow(() -> new NoSuchChange("there is no earlier configuration in the history"));
        }
        ChangeView found = log.history()
                .find(number)
                .orElseThrow(() -> new NoSuchChange(
                        "there is no change @" + number + " in the history: portcullis history lists them"));
        if (!found.wasInForce()) {
            throw new NoSuchChange("change @" + number + " was " + found.outcome() + ", and never in force");
        }
        return found;
    }

    /** Keeps the change that waits for it. */
    ChangeReport confirm(Actor actor) {
        synchronized (lock) {
            long startNs = System.nanoTime();
            Waiting waiting = confirmation.waiting();
            if (waiting == null) {
                return state(List.of("no change waits for a confirmation"), startNs);
            }
            try {
                ChangeView change = log.history()
                        .find(waiting.pending().change())
                        .orElseThrow(
                                () -> new IOException("@" + waiting.pending().change() + " is lost"));
                confirmation.confirm(
                        waiting,
                        log.history().texts(change),
                        ChangeView.By.of(actor, "confirm").name());
                return state(List.of(), startNs);
            } catch (IOException e) {
                return state(
                        List.of("the confirmation can't be kept, and the change still waits: " + FileFault.text(e)),
                        startNs);
            }
        }
    }

    private ChangeReport make(
            Overlay overlay, Map<String, @Nullable String> expected, ChangeOptions options, ChangeView.By by) {
        long startNs = System.nanoTime();
        if (!running.get().started()) {
            return state(List.of("portcullis is starting or stopping"), startNs);
        }
        Plan plan = planner.plan(overlay, options.allowLockout(), options.session());
        Optional<String> hindrance = confirmation.hindrance();
        if (hindrance.isPresent()) {
            plan = plan.with(hindrance.get());
        }
        if (options.confirmMs() > 0 && log.inForce() == null) {
            plan = plan.with("there is no earlier configuration to go back to: " + log.trouble());
        }
        boolean conflict = options.base() != 0 && options.base() != log.number();
        if (options.dryRun() || conflict) {
            return report(
                    plan,
                    draft(plan, options, by, plan.faults())
                            .numbered(log.history().next()),
                    options,
                    conflict,
                    startNs);
        }
        if (!plan.faults().isEmpty()) {
            return refuse(plan, options, by, plan.faults(), startNs);
        }
        return commit(plan, expected, options, by, startNs);
    }

    private ChangeView draft(Plan plan, ChangeOptions options, ChangeView.By by, List<String> faults) {
        return log.draft(
                Instant.now(),
                by,
                options.note(),
                faults.isEmpty() ? ChangeView.BEGUN : ChangeView.REFUSED,
                faults.isEmpty()
                        ? ""
                        : faults.getFirst() + (faults.size() == 1 ? "" : " (and " + (faults.size() - 1) + " more)"),
                plan.difference().admits(),
                plan.difference().denies(),
                plan.difference().notes(),
                plan.difference().compared());
    }

    private ChangeReport refuse(Plan plan, ChangeOptions options, ChangeView.By by, List<String> faults, long startNs) {
        ChangeView draft = draft(plan, options, by, faults);
        log.keep(draft, plan.texts(), most());
        List<ChangeView> all = log.history().changes();
        ChangeView kept = log.trouble().isEmpty() && !all.isEmpty() ? all.getLast() : draft;
        Plan refused = plan.faults().isEmpty() ? plan.with(faults.getFirst()) : plan;
        return report(refused, kept, options, false, startNs);
    }

    private ChangeReport commit(
            Plan plan, Map<String, @Nullable String> expected, ChangeOptions options, ChangeView.By by, long startNs) {
        Reload.Draft draft = Objects.requireNonNull(plan.draft());
        FileSwap swap = Objects.requireNonNull(plan.swap());
        Change change;
        try {
            change = reload.open(draft);
        } catch (StartException refused) {
            return refuse(plan, options, by, refused.faults(), startNs);
        }
        ChangeView begun = null;
        boolean written = false;
        try {
            begun = log.history().add(draft(plan, options, by, List.of()), plan.texts());
            Pending pending = pending(begun, options);
            if (pending != null) {
                log.history().setPending(pending);
            }
            swap.expecting(expected).run();
            ChangeView applied = log.history().conclude(begun.change(), ChangeView.APPLIED, "");
            written = true;
            installer.commit(change);
            log.isInForce(applied);
            ChangeLog.log(applied);
            if (pending == null) {
                installer.keep(lastGood, plan.texts());
            } else {
                confirmation.begin(pending, by.toString(), Duration.ofMillis(options.confirmMs()));
            }
            log.attempt(() -> log.prune(most()));
            installer.report(startNs, "change @" + applied.change());
            return report(plan, applied, options, false, startNs);
        } catch (IOException e) {
            undo(begun, FileFault.text(e));
            return report(
                    plan.with("the change can't be written, and nothing has changed: " + FileFault.text(e)),
                    draft(plan, options, by, List.of(FileFault.text(e))),
                    options,
                    e instanceof FileSwap.EditedMeanwhile,
                    startNs);
        } finally {
            if (!written) {
                change.opened().values().forEach(GuardedInterface::abandon);
            }
        }
    }

    private static @Nullable Pending pending(ChangeView begun, ChangeOptions options) {
        return options.confirmMs() == 0
                ? null
                : Pending.of(
                        begun.change(),
                        begun.base(),
                        Instant.now().truncatedTo(ChronoUnit.MILLIS),
                        Duration.ofMillis(options.confirmMs()),
                        options.session());
    }

    /** After a failed write: the files are as before, or will be at the next start. */
    private void undo(@Nullable ChangeView begun, String reason) {
        if (begun == null) {
            return;
        }
        log.attempt(() -> {
            log.restore(begun, begun.base());
            log.history().endPending(begun.change());
            ChangeLog.log(log.history().conclude(begun.change(), ChangeView.REFUSED, reason));
        });
    }

    private int most() {
        return Installer.most(running.get());
    }

    private ChangeReport report(Plan plan, ChangeView change, ChangeOptions options, boolean conflict, long startNs) {
        Waiting waiting = confirmation.waiting();
        String until = waiting != null && waiting.pending().change() == change.change()
                ? waiting.pending().until()
                : "";
        FileSwap swap = plan.swap();
        List<String> errors = new ArrayList<>(plan.faults());
        if (conflict) {
            errors.add("another change came first: @" + log.number() + " is in force now");
        }
        return new ChangeReport(
                errors.isEmpty(),
                options.dryRun(),
                conflict,
                change,
                swap == null ? List.of() : swap.writes(),
                swap == null ? List.of() : swap.removals(),
                plan.difference().notes(),
                plan.flows(),
                plan.claims(),
                plan.session(),
                until,
                Installer.millisSince(startNs),
                errors,
                plan.read().config() == null
                        ? List.of()
                        : plan.read().config().warnings().stream()
                                .limit(StatusView.MOST_WARNINGS)
                                .map(Object::toString)
                                .toList());
    }

    /** The state after a command that makes no change of its own. */
    private ChangeReport state(List<String> errors, long startNs) {
        ChangeView now = log.inForce();
        if (now == null) {
            now = log.draft(
                    Instant.now(),
                    ChangeView.By.of(Actor.UNKNOWN, "edit"),
                    "",
                    ChangeView.APPLIED,
                    "",
                    List.of(),
                    List.of(),
                    List.of(),
                    false);
        }
        return new ChangeReport(
                errors.isEmpty(),
                false,
                false,
                now,
                List.of(),
                List.of(),
                List.of(),
                null,
                List.of(),
                null,
                "",
                Installer.millisSince(startNs),
                errors,
                List.of());
    }

    /** The last changes, the newest first. */
    HistoryReport history(int limit) {
        synchronized (lock) {
            Waiting waiting = confirmation.waiting();
            List<ChangeView> newest = log.history().changes().reversed();
            return new HistoryReport(
                    log.number(),
                    waiting == null ? 0 : waiting.pending().change(),
                    waiting == null ? "" : waiting.pending().until(),
                    newest.subList(0, Math.min(limit, newest.size())));
        }
    }

    /**
     * A change with its files.
     *
     * @param number 0: the one in force
     * @throws NoSuchChange if there is none, or it can't be read
     */
    ChangeFiles files(long number) {
        synchronized (lock) {
            ChangeView change = log.history()
                    .find(number == 0 ? log.number() : number)
                    .orElseThrow(() -> new NoSuchChange(
                            number == 0
                                    ? "the configuration in force is not in the history: " + log.trouble()
                                    : "there is no change @" + number
                                            + " in the history: portcullis history lists them"));
            try {
                return new ChangeFiles(
                        change,
                        log.history().texts(change).stream()
                                .map(text -> new ChangeFiles.File(text.name(), text.yaml()))
                                .toList());
            } catch (IOException damaged) {
                throw new NoSuchChange("@" + change.change() + ": " + FileFault.text(damaged));
            }
        }
    }
}
