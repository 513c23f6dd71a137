package io.portcullis.history;

import io.portcullis.config.files.SourceText;
import io.portcullis.journal.Event;
import io.portcullis.journal.Field;
import io.portcullis.linux.FileFault;
import io.portcullis.net.Visible;
import io.portcullis.operations.ChangeView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The history of a running daemon: which change is in force, and why the history is incomplete. The rules are in force whether the
 * history can be written or not; only a change that could not be taken back is refused. Under the daemon's lock.
 */
public final class ChangeLog {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeLog.class);

    private final Path file;
    private final History history;
    private @Nullable ChangeView inForce;
    private volatile String trouble = "";
    private volatile long number;
    private volatile String sha256 = "";

    /** Reads nothing yet. */
    public ChangeLog(Path file, History history) {
        this.file = file;
        this.history = history;
    }

    /** The changes on the disk. */
    public History history() {
        return history;
    }

    /** The change in force; null: it is not in the history. */
    public @Nullable ChangeView inForce() {
        return inForce;
    }

    /** Its number; 0: it is not in the history. Any thread. */
    public long number() {
        return number;
    }

    /** SHA-256 over the files in force, as a change of the history has it; empty: not known. Any thread. */
    public String sha256() {
        return sha256;
    }

    /** Why the last change is not in the history; empty: it is. Any thread. */
    public String trouble() {
        return trouble;
    }

    /** This change is in force now. */
    public void isInForce(@Nullable ChangeView change) {
        inForce = change;
        number = change == null ? 0 : change.change();
        sha256 = change == null ? "" : change.sha256();
    }

    /** Runs an access to the history; a failure is its trouble. */
    public void attempt(Access access) {
        try {
            access.run();
            trouble = "";
        } catch (IOException e) {
            String text = "the history is incomplete: " + FileFault.text(e);
            if (!text.equals(trouble)) {
                LOG.warn("{}", text);
            }
            trouble = text;
        }
    }

    /** An access to the disk. */
    @FunctionalInterface
    public interface Access {
        void run() throws IOException;
    }

    /** A change that has no number yet. */
    public ChangeView draft(
            Instant at,
            ChangeView.By actor,
            String note,
            String outcome,
            String reason,
            List<String> admits,
            List<String> denies,
            List<String> notes,
            boolean compared) {
        return new ChangeView(
                0,
                at.truncatedTo(ChronoUnit.MILLIS).toString(),
                actor,
                note,
                file.toString(),
                "",
                List.of(),
                number,
                outcome,
                reason,
                admits,
                denies,
                notes,
                compared);
    }

    /** Writes the line of a change to the log. */
    public static void log(ChangeView change) {
        Event.CHANGE
                .in(LOG.atInfo())
                .addKeyValue(Field.CHANGE.key(), change.change())
                .log(
                        "change @{} by {}: {}{}{}{}",
                        change.change(),
                        change.actor(),
                        change.outcome(),
                        change.reason().isEmpty() ? "" : " (" + Visible.text(change.reason()) + ")",
                        change.note().isEmpty() ? "" : ", note: " + Visible.text(change.note()),
                        effect(change));
    }

    private static String effect(ChangeView change) {
        if (change.compared()) {
            return "; " + change.admits().size() + " kinds of traffic become allowed, "
                    + change.denies().size() + " denied";
        }
        return change.notes().isEmpty()
                ? ""
                : "; " + Visible.text(change.notes().getFirst());
    }

    /**
     * Keeps a change that is in force, or was refused.
     *
     * @param texts of its files
     */
    public void keep(ChangeView draft, List<SourceText> texts, int most) {
        if (texts.isEmpty() || isRefusedAgain(draft, texts)) {
            return;
        }
        attempt(() -> {
            ChangeView kept = history.add(draft, texts);
            if (kept.wasInForce()) {
                isInForce(kept);
            }
            log(kept);
            prune(most);
        });
        if (!trouble.isEmpty() && draft.wasInForce()) {
            isInForce(null);
            sha256 = History.sum(texts);
        }
    }

    /** True: the last change was the same, and was refused for the same reason: a file that is read again and again. */
    private boolean isRefusedAgain(ChangeView draft, List<SourceText> texts) {
        List<ChangeView> all = history.changes();
        return draft.outcome().equals(ChangeView.REFUSED)
                && draft.actor().via().equals("edit")
                && !all.isEmpty()
                && all.getLast().outcome().equals(ChangeView.REFUSED)
                && all.getLast().reason().equals(draft.reason())
                && all.getLast().sha256().equals(History.sum(texts));
    }

    /** Removes the oldest changes, but not those that are needed to go back. */
    public void prune(int most) throws IOException {
        Set<Long> needed = new HashSet<>();
        ChangeView current = inForce;
        if (current != null) {
            needed.add(current.change());
            needed.add(current.base());
        }
        history.pending().ifPresent(pending -> {
            needed.add(pending.base());
            needed.add(pending.change());
        });
        history.prune(most, needed);
    }

    /** The change that was in force last, if these are its files. */
    public Optional<ChangeView> latest(List<SourceText> texts) {
        return history.changes().reversed().stream()
                .filter(ChangeLog::stayed)
                .findFirst()
                .filter(change -> change.sha256().equals(History.sum(texts)));
    }

    /** The last good configuration is in force. */
    public void followLastGood() {
        isInForce(history.changes().reversed().stream()
                .filter(ChangeLog::stayed)
                .findFirst()
                .orElse(null));
    }

    /** True: it was in force, and has not gone back. */
    private static boolean stayed(ChangeView change) {
        return change.wasInForce() && !change.outcome().equals(ChangeView.REVERTED);
    }

    /** The change before the one in force that has other files; a change that went back does not count. */
    public Optional<ChangeView> previous() {
        ChangeView current = inForce;
        return history.changes().reversed().stream()
                .filter(ChangeLog::stayed)
                .filter(change -> current == null
                        || change.change() < current.change()
                                && !change.sha256().equals(current.sha256()))
                .findFirst();
    }

    /** The owner of a file as the one who edited it. */
    public static ChangeView.By editor(Path edited) {
        try {
            return new ChangeView.By(
                    (int) Files.getAttribute(edited, "unix:uid"),
                    -1,
                    Files.getOwner(edited, new LinkOption[0]).getName(),
                    "edit",
                    0);
        } catch (IOException | UnsupportedOperationException unknown) {
            LOG.debug("the owner of {} is not known", edited, unknown);
            return new ChangeView.By(-1, -1, "", "edit", 0);
        }
    }

    /** The outcome of {@link #recover}. */
    public sealed interface Recovered {
        /** The files on the disk are those to start from. */
        record Files() implements Recovered {}

        /** The change of the files on the disk waits for its confirmation. */
        record Waits(Pending pending) implements Recovered {}

        /** The files of an earlier change could not be written: the start reads them from the history. */
        record From(ChangeView change, List<SourceText> texts, String why) implements Recovered {}
    }

    /**
     * Ends what the last run has left: a change whose files were being written is undone, and one that was not confirmed in time goes
     * back. Called before the files are read.
     */
    public Recovered recover(Instant now) {
        attempt(history::load);
        for (ChangeView change : history.changes()) {
            if (change.outcome().equals(ChangeView.BEGUN)) {
                attempt(() -> {
                    if (!isSuperseded(change)) {
                        restore(change, change.base());
                    }
                    history.endPending(change.change());
                    log(history.conclude(
                            change.change(), ChangeView.REFUSED, "portcullis ended before it came into force"));
                });
            }
        }
        Optional<Pending> waiting = history.pending();
        if (waiting.isEmpty()) {
            return new Recovered.Files();
        }
        Pending pending = waiting.get();
        return pending.rest(now).isZero() ? goBack(pending) : new Recovered.Waits(pending);
    }

    /** True: its outcome could not be written at the time, and the files are those of a later change. */
    private boolean isSuperseded(ChangeView begun) {
        return history.changes().stream().anyMatch(later -> later.change() > begun.change() && later.wasInForce());
    }

    /** A change that was not confirmed in time, and whose end no daemon has seen. */
    private Recovered goBack(Pending pending) {
        Optional<ChangeView> base = history.find(pending.base());
        Optional<ChangeView> change = history.find(pending.change());
        String why = pending.reverting().isEmpty() ? "it was not confirmed by " + pending.until() : pending.reverting();
        if (base.isEmpty() || change.isEmpty()) {
            LOG.error("change @{} can't go back, as @{} is lost: {}", pending.change(), pending.base(), why);
            return new Recovered.Files();
        }
        try {
            restore(change.get(), pending.base());
            log(history.conclude(pending.change(), ChangeView.REVERTED, why));
            history.endPending(pending.change());
            return new Recovered.Files();
        } catch (IOException e) {
            LOG.error("the files of @{} can't be written: {}", pending.base(), FileFault.text(e));
            return fromHistory(
                    base.get(),
                    "change @" + pending.change() + " went back, and its files can't be replaced: "
                            + FileFault.text(e));
        }
    }

    /**
     * Looks whether a change that waits still is what the files say.
     *
     * @param texts of the files; none: they are faulty
     * @return the same; or where to start from, as the files are faulty or were edited while no daemon ran
     */
    public Recovered follow(Recovered.Waits waits, List<SourceText> texts) {
        Pending pending = waits.pending();
        Optional<ChangeView> change = history.find(pending.change());
        boolean same = change.isPresent() && change.get().sha256().equals(History.sum(texts));
        Optional<ChangeView> base = history.find(pending.base());
        if (same || base.isEmpty()) {
            return same ? waits : new Recovered.Files();
        }
        String why = "the files were edited, or are faulty, before it was confirmed";
        attempt(() -> {
            log(history.conclude(pending.change(), ChangeView.REVERTED, why));
            history.endPending(pending.change());
        });
        return fromHistory(
                base.get(),
                "change @" + pending.change() + " went back to @" + pending.base() + ": " + why
                        + "; portcullis reload puts the files in force");
    }

    private Recovered fromHistory(ChangeView base, String why) {
        try {
            return new Recovered.From(base, history.texts(base), why);
        } catch (IOException damaged) {
            LOG.error("@{} can't be read: {}", base.change(), FileFault.text(damaged));
            return new Recovered.Files();
        }
    }

    /** Puts the files of {@code base} in place of those of {@code change}. */
    public void restore(ChangeView change, long base) throws IOException {
        Optional<ChangeView> before = history.find(base);
        List<SourceText> from = history.texts(change);
        FileSwap.undo(from, before.isPresent() ? history.texts(before.get()) : from)
                .run();
    }
}
