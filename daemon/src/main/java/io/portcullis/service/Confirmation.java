package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.files.FileSnapshot;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceText;
import io.portcullis.history.ChangeLog;
import io.portcullis.history.History;
import io.portcullis.history.LastGood;
import io.portcullis.history.Pending;
import io.portcullis.history.Waiting;
import io.portcullis.linux.FileFault;
import io.portcullis.operations.ChangeView;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The change that waits for its confirmation, if there is one: without it the configuration before comes back, files too. Under the
 * daemon's lock, but for what says otherwise.
 */
final class Confirmation {
    private static final Logger LOG = LoggerFactory.getLogger(Confirmation.class);

    /** Between two attempts to write the files of the configuration before. */
    private static final long RETRY_NS = TimeUnit.SECONDS.toNanos(10);

    private final Object lock;
    private final Path file;
    private final ChangeLog log;
    private final LastGood lastGood;
    private final Reader reader;
    private final Installer installer;
    private final SessionWatch session;
    private volatile @Nullable Waiting waiting;

    /** A change that went back, and whose files are still on the disk. */
    private volatile @Nullable Pending unwritten;

    private long retriedNs;

    /** Nothing waits yet. */
    Confirmation(
            Object lock,
            Path file,
            ChangeLog log,
            LastGood lastGood,
            Reader reader,
            Installer installer,
            SessionWatch session) {
        this.lock = lock;
        this.file = file;
        this.log = log;
        this.lastGood = lastGood;
        this.reader = reader;
        this.installer = installer;
        this.session = session;
    }

    /** The change that waits; null: none. Any thread. */
    @Nullable
    Waiting waiting() {
        return waiting;
    }

    /** When the change that waits goes back, seconds since 1970; 0: none waits. Any thread. */
    long untilEpochSeconds() {
        Waiting now = waiting;
        return now == null ? 0 : Instant.parse(now.pending().until()).getEpochSecond();
    }

    /** What prevents another change, in one sentence; empty: nothing. Any thread. */
    Optional<String> hindrance() {
        Waiting now = waiting;
        if (now != null) {
            return Optional.of(now.toString());
        }
        Pending left = unwritten;
        return left == null
                ? Optional.empty()
                : Optional.of("change @" + left.change() + " went back to @" + left.base()
                        + ", and its files can't be replaced yet: " + log.trouble());
    }

    /** This change waits from now on. */
    void begin(Pending pending, String by, Duration rest) {
        waiting = Waiting.begin(pending, by, rest, System.nanoTime());
        session.begin(pending.session());
        LOG.warn("{}", waiting);
    }

    /**
     * Keeps the change that waits. The caller has looked that one does.
     *
     * @throws IOException if that can't be written; then the change still waits
     */
    ChangeView confirm(Waiting now, List<SourceText> texts, String by) throws IOException {
        History history = log.history();
        ChangeView confirmed = history.conclude(now.pending().change(), ChangeView.CONFIRMED, "by " + by);
        // The outcome is on the disk: from here on nothing may send the change back, and a note that stays is a
        // leftover.
        waiting = null;
        log.attempt(() -> history.endPending(now.pending().change()));
        session.end();
        log.isInForce(confirmed);
        ChangeLog.log(confirmed);
        installer.keep(lastGood, texts);
        return confirmed;
    }

    /** Goes back where the time is over. Called every second; takes the daemon's lock. */
    void tick(long nowNs) {
        Waiting now = waiting;
        if (now != null) {
            synchronized (lock) {
                if (now.equals(waiting)) {
                    judge(now, nowNs);
                }
            }
        }
        if (unwritten != null && nowNs - retriedNs >= RETRY_NS) {
            synchronized (lock) {
                retriedNs = nowNs;
                writeBack();
            }
        }
    }

    private void judge(Waiting now, long nowNs) {
        if (now.isOver(nowNs)) {
            var _ = goBack("it was not confirmed by " + now.pending().until());
        } else if (session.isCutOff(nowNs)) {
            var _ = goBack("it cut the ssh session from " + session.peer()
                    + " off: for 10 s its packets have been dropped, and none has passed both ways");
        }
    }

    /**
     * Ends the wait: the configuration before is in force again, and on the disk.
     *
     * @param why one sentence without capital and full stop
     * @return why it can't; empty: it did, or nothing waits
     */
    Optional<String> goBack(String why) {
        Waiting now = waiting;
        if (now == null) {
            return Optional.empty();
        }
        long startNs = System.nanoTime();
        Pending pending = now.pending().revertingFor(why);
        log.attempt(() -> log.history().setPending(pending));
        List<SourceText> texts = before(pending);
        Overlay overlay = new Overlay(Planner.texts(texts), file.getRoot(), Set.of());
        Reader.Candidate read =
                texts.isEmpty() ? Reader.Candidate.faulty(FileSnapshot.NONE, List.of()) : reader.read(file, overlay);
        Config config = read.config();
        waiting = null;
        session.end();
        if (config == null) {
            String lost =
                    "change @" + pending.change() + " can't go back: @" + pending.base() + " is lost: " + read.faults();
            LOG.error("{}", lost);
            return Optional.of(lost);
        }
        LOG.warn("change @{} goes back to @{}: {}", pending.change(), pending.base(), why);
        unwritten = pending;
        writeBack();
        installer.commitInAnyCase(config);
        installer.report(startNs, "@" + pending.base());
        log.isInForce(log.history().find(pending.base()).orElse(null));
        return Optional.empty();
    }

    /** The texts of the change before; of the last good configuration where its copies are damaged. None: both are lost. */
    private List<SourceText> before(Pending pending) {
        Optional<ChangeView> base = log.history().find(pending.base());
        if (base.isPresent()) {
            try {
                return log.history().texts(base.get());
            } catch (IOException damaged) {
                LOG.error("@{} can't be read: {}", pending.base(), FileFault.text(damaged));
            }
        }
        return lastGood.find() instanceof LastGood.Found.Kept(List<SourceText> texts) ? texts : List.of();
    }

    private void writeBack() {
        Pending left = unwritten;
        if (left == null) {
            return;
        }
        log.attempt(() -> {
            Optional<ChangeView> change = log.history().find(left.change());
            if (change.isPresent()) {
                log.restore(change.get(), left.base());
                ChangeLog.log(log.history().conclude(left.change(), ChangeView.REVERTED, left.reverting()));
                log.history().endPending(left.change());
            }
            unwritten = null;
        });
    }

    /**
     * The files were edited while a change waits: that ends the wait, and refuses the edit.
     *
     * @param texts of the files as they are now
     * @return the refusal; empty: nothing waits
     */
    Optional<String> endByEdit(List<SourceText> texts) {
        Waiting now = waiting;
        if (now == null) {
            return isUnwritten(texts) ? hindrance() : Optional.empty();
        }
        Optional<String> stays = goBack(file + " was edited before it was confirmed");
        if (stays.isPresent()) {
            return stays;
        }
        return Optional.of("this edit of " + file + " is refused: it came while change @"
                + now.pending().change() + " by "
                + now.by() + " waited for its confirmation; @" + now.pending().base()
                + " is in force again, and the edited files stay as they are: portcullis reload puts them in force");
    }

    /** True: these are the files of a change that went back. */
    private boolean isUnwritten(List<SourceText> texts) {
        Pending left = unwritten;
        return left != null
                && log.history()
                        .find(left.change())
                        .filter(change -> change.sha256().equals(History.sum(texts)))
                        .isPresent();
    }
}
