package io.portcullis.service.watch;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Inotify;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Interprets the kernel's events on a configuration's files ({@link Inotify}): which names have changed completely, and which files
 * a program is writing. A file is being written from its first change (IN_MODIFY) while a program has it open until a writer closes
 * it (IN_CLOSE_WRITE), no program has it open, or its name here is gone. A change while no program has it open has no writer:
 * truncate(2), utimensat(2). One thread calls {@link #await}; everything else happens under the caller's lock.
 */
final class ConfigWatch implements AutoCloseable {
    private static final int PATH = Inotify.CREATE
            | Inotify.DELETE
            | Inotify.MOVED_FROM
            | Inotify.MOVED_TO
            | Inotify.DELETE_SELF
            | Inotify.MOVE_SELF
            | Inotify.ATTRIB
            | Inotify.ONLYDIR
            | Inotify.EXCL_UNLINK
            | Inotify.MASK_ADD;
    private static final int WORK = Inotify.OPEN | Inotify.MODIFY | Inotify.CLOSE_WRITE | Inotify.CLOSE_NOWRITE;
    private static final int HOLDER = PATH | WORK;
    private static final int FILE = WORK | Inotify.ATTRIB | Inotify.DELETE_SELF | Inotify.MOVE_SELF | Inotify.MASK_ADD;
    private static final int LOST = Inotify.DELETE_SELF | Inotify.MOVE_SELF | Inotify.UNMOUNT | Inotify.IGNORED;

    /** Largest number of other files that are remembered: one may be renamed to a file of the configuration. */
    private static final int MOST_OTHERS = 10_000;

    /** An open(2) that truncates the file reports its change first, and the opening at most this much later. */
    private static final long OPENING_NS = TimeUnit.MILLISECONDS.toNanos(100);

    /** A name in a watched folder; an empty one: the watched file itself. */
    private record Name(int watch, String text) {}

    /**
     * The programs that use a file.
     *
     * @param openers how often it was opened and not closed again since it is watched
     * @param writtenNs when its writing began; null: it is not being written
     * @param changedNs when it was changed while no program had it open; null: it was not
     */
    private record Work(
            int openers, @Nullable Long writtenNs, @Nullable Long changedNs) {
        static final Work NONE = new Work(0, null, null);

        Work opened(long nowNs) {
            boolean cut = changedNs != null && nowNs - changedNs <= OPENING_NS;
            return new Work(openers + 1, writtenNs == null && cut ? Long.valueOf(nowNs) : writtenNs, null);
        }

        Work changed(long nowNs) {
            return openers == 0 && writtenNs == null
                    ? new Work(0, null, nowNs)
                    : new Work(openers, writtenNs == null ? Long.valueOf(nowNs) : writtenNs, null);
        }

        Work closed(boolean byWriter) {
            int left = Math.max(0, openers - 1);
            return new Work(left, byWriter || left == 0 ? null : writtenNs, null);
        }
    }

    /** A watched folder. */
    private record Watched(Path path, WatchPlan.Folder folder) {}

    /** The meaning of events, the weakest first. */
    enum Change {
        /** None for the configuration. */
        NONE,
        /** Perhaps an edit, perhaps not complete. */
        PERHAPS,
        /** A name is gone: another file may get it at once. */
        GONE,
        /** A complete edit. */
        EDIT
    }

    /**
     * The meaning of several events.
     *
     * @param change the strongest one
     * @param pathChanged true: {@link #follow} has to be called again
     */
    record Outcome(Change change, boolean pathChanged) {
        static final Outcome NONE = new Outcome(Change.NONE, false);

        Outcome and(Outcome other) {
            return new Outcome(
                    change.compareTo(other.change) < 0 ? other.change : change, pathChanged || other.pathChanged);
        }
    }

    /** A file that is being written. */
    record Written(Path file, long sinceNs) {}

    private final Inotify inotify;
    private Map<Integer, Watched> folders = Map.of();
    private Map<Integer, Path> files = Map.of();

    private final Map<Name, Work> work = new HashMap<>();

    /** Files that were renamed from a folder, by the cookie of the event. */
    private final Map<Integer, Work> moving = new HashMap<>();

    /** Names of the configuration that are gone, and since when. */
    private final Map<Name, Long> gone = new HashMap<>();

    /**
     * Watches nothing yet.
     *
     * @throws ErrnoException if this user has no inotify instance left
     */
    ConfigWatch() throws ErrnoException {
        inotify = Inotify.open();
    }

    /**
     * Watches the files and folders of a plan from now on, and no others. All are registered again: a path may lead to another file
     * than before.
     *
     * @return why a path could not be watched; empty: all are watched
     */
    Optional<String> follow(WatchPlan plan) throws ErrnoException {
        List<String> refusals = new ArrayList<>();
        Map<Integer, Watched> nextFolders = new HashMap<>();
        for (Map.Entry<Path, WatchPlan.Folder> planned : plan.folders().entrySet()) {
            add(planned.getKey(), planned.getValue().holdsFiles() ? HOLDER : PATH, refusals)
                    .ifPresent(watch -> nextFolders.merge(
                            watch,
                            new Watched(planned.getKey(), planned.getValue()),
                            (one, other) -> new Watched(one.path(), one.folder().and(other.folder()))));
        }
        Map<Integer, Path> nextFiles = new HashMap<>();
        for (Path file : plan.files()) {
            add(file, FILE, refusals).ifPresent(watch -> nextFiles.put(watch, file));
        }
        List<Integer> before = new ArrayList<>(folders.keySet());
        before.addAll(files.keySet());
        folders = nextFolders;
        files = nextFiles;
        before.stream().filter(watch -> !isWatched(watch)).forEach(inotify::remove);
        work.keySet().removeIf(name -> !isWatched(name.watch()));
        gone.keySet().removeIf(name -> !isWatched(name.watch()));
        return refusals.isEmpty()
                ? Optional.empty()
                : Optional.of(refusals.getFirst()
                        + (refusals.size() == 1 ? "" : " and " + (refusals.size() - 1) + " others"));
    }

    private boolean isWatched(int watch) {
        return folders.containsKey(watch) || files.containsKey(watch);
    }

    private Optional<Integer> add(Path path, int mask, List<String> refusals) throws ErrnoException {
        try {
            return Optional.of(inotify.add(path, mask));
        } catch (ErrnoException refused) {
            switch (refused.errno()) {
                case Errno.ECANCELED -> throw refused;
                case Errno.ENOENT, Errno.ENOTDIR -> {
                    // The folder above reports its creation.
                }
                default -> {
                    // The reader reports a file without permission.
                    if (refused.errno() != Errno.EACCES || (mask & Inotify.ONLYDIR) != 0) {
                        refusals.add(refused.getMessage());
                    }
                }
            }
            return Optional.empty();
        }
    }

    /**
     * Waits for events.
     *
     * @throws ErrnoException ECANCELED once this is closed
     */
    List<Inotify.Event> await(int timeoutMs) throws ErrnoException {
        return inotify.await(timeoutMs);
    }

    /** Makes {@link #await} return. */
    void wake() {
        inotify.wake();
    }

    /** Notes events, and returns their meaning. */
    Outcome note(List<Inotify.Event> events, long nowNs) {
        Outcome outcome = Outcome.NONE;
        for (Inotify.Event event : events) {
            outcome = outcome.and(note(event, nowNs));
        }
        return outcome;
    }

    private Outcome note(Inotify.Event event, long nowNs) {
        if (event.is(Inotify.Q_OVERFLOW)) {
            forgetAll();
            return new Outcome(Change.PERHAPS, true);
        }
        Watched folder = folders.get(event.watch());
        if (folder == null && !files.containsKey(event.watch())) {
            return Outcome.NONE;
        }
        Name name = new Name(event.watch(), event.name());
        if (folder != null && !event.name().isEmpty()) {
            return inFolder(event, name, folder, nowNs);
        }
        if (event.is(LOST) || folder != null && event.is(Inotify.ATTRIB)) {
            return new Outcome(Change.PERHAPS, true);
        }
        return folder == null ? new Outcome(ofFile(event, name, true, nowNs), false) : Outcome.NONE;
    }

    private Outcome inFolder(Inotify.Event event, Name name, Watched folder, long nowNs) {
        boolean counts = folder.folder().has(event.name());
        if (event.is(Inotify.DELETE | Inotify.MOVED_FROM)) {
            Work left = work.remove(name);
            if (left != null && event.is(Inotify.MOVED_FROM)) {
                if (moving.size() >= MOST_OTHERS) {
                    moving.clear();
                }
                moving.put(event.cookie(), left);
            }
            if (counts) {
                gone.put(name, nowNs);
            }
            return counts ? new Outcome(Change.GONE, true) : Outcome.NONE;
        }
        if (event.is(Inotify.MOVED_TO)) {
            gone.remove(name);
            put(name, Objects.requireNonNullElse(moving.remove(event.cookie()), Work.NONE), counts);
            return counts ? new Outcome(Change.EDIT, true) : Outcome.NONE;
        }
        if (event.is(Inotify.CREATE)) {
            gone.remove(name);
            boolean begun = counts && isEmpty(folder.path().resolve(event.name()));
            put(name, begun ? new Work(0, nowNs, null) : Work.NONE, counts);
            return counts ? new Outcome(Change.PERHAPS, true) : Outcome.NONE;
        }
        if (event.is(Inotify.ISDIR)) {
            return counts && event.is(Inotify.ATTRIB) ? new Outcome(Change.PERHAPS, true) : Outcome.NONE;
        }
        return new Outcome(ofFile(event, name, counts, nowNs), counts && event.is(Inotify.ATTRIB));
    }

    private Change ofFile(Inotify.Event event, Name name, boolean counts, long nowNs) {
        Work before = work.getOrDefault(name, Work.NONE);
        if (event.is(Inotify.OPEN)) {
            put(name, before.opened(nowNs), counts);
            return Change.NONE;
        }
        if (event.is(Inotify.MODIFY)) {
            Work after = before.changed(nowNs);
            put(name, after, counts);
            return counts && after.writtenNs() == null ? Change.PERHAPS : Change.NONE;
        }
        if (event.is(Inotify.CLOSE_WRITE | Inotify.CLOSE_NOWRITE)) {
            Work after = before.closed(event.is(Inotify.CLOSE_WRITE));
            put(name, after, counts);
            if (event.is(Inotify.CLOSE_NOWRITE)) {
                return counts && before.writtenNs() != null && after.writtenNs() == null ? Change.PERHAPS : Change.NONE;
            }
        }
        return counts ? Change.EDIT : Change.NONE;
    }

    private void put(Name name, Work now, boolean counts) {
        if (now.equals(Work.NONE)) {
            work.remove(name);
        } else if (counts || work.size() < MOST_OTHERS || work.containsKey(name)) {
            work.put(name, now);
        }
    }

    /** True: a new file to which its creator has not written yet. A second name of a file (link count 2) is none. */
    private static boolean isEmpty(Path file) {
        try {
            Map<String, Object> is =
                    Files.readAttributes(file, "unix:isRegularFile,size,nlink", LinkOption.NOFOLLOW_LINKS);
            return Boolean.TRUE.equals(is.get("isRegularFile"))
                    && Long.valueOf(0).equals(is.get("size"))
                    && Integer.valueOf(1).equals(is.get("nlink"));
        } catch (IOException notThere) {
            return false;
        }
    }

    /** The file of the configuration whose writing began first; empty: none is being written. */
    Optional<Written> written() {
        Written longest = null;
        for (Map.Entry<Name, Work> entry : work.entrySet()) {
            Long since = entry.getValue().writtenNs();
            Path file = since == null ? null : configurationFile(entry.getKey());
            if (since != null && file != null && (longest == null || since - longest.sinceNs() < 0)) {
                longest = new Written(file, since);
            }
        }
        return Optional.ofNullable(longest);
    }

    private @Nullable Path configurationFile(Name name) {
        Watched folder = folders.get(name.watch());
        if (folder == null) {
            return files.get(name.watch());
        }
        return folder.folder().has(name.text()) ? folder.path().resolve(name.text()) : null;
    }

    /** Forgets which files are being written. */
    void forgetWriters() {
        work.replaceAll((_, old) -> new Work(old.openers(), null, null));
    }

    /** When the last name of the configuration disappeared that is still gone; empty: none is. */
    Optional<Long> lastGoneNs() {
        return gone.values().stream().reduce((one, other) -> one - other < 0 ? other : one);
    }

    /** Forgets everything: after lost events it is not known which files are closed. */
    void forgetAll() {
        work.clear();
        moving.clear();
        gone.clear();
    }

    /** Forgets the names that are gone: their removal was the edit. */
    void forgetGone() {
        gone.clear();
    }

    @Override
    public void close() {
        inotify.close();
    }
}
