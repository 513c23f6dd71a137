package io.portcullis.service;

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
 * What the kernel tells of a configuration's files ({@link Inotify}): which names have changed for good, and which files somebody is
 * writing. A file is being written from its first change (IN_MODIFY) while somebody has it open until a writer closes it
 * (IN_CLOSE_WRITE), nobody has it open, or it has no name here any more. A change while nobody has it open is none of a writer's:
 * truncate(2), utimensat(2). {@link #await} by one thread; all else under the caller's lock.
 */
final class ConfigWatch implements AutoCloseable {
    private static final int WAY = Inotify.CREATE
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
    private static final int HOLDER = WAY | WORK;
    private static final int FILE = WORK | Inotify.ATTRIB | Inotify.DELETE_SELF | Inotify.MOVE_SELF | Inotify.MASK_ADD;
    private static final int LOST = Inotify.DELETE_SELF | Inotify.MOVE_SELF | Inotify.UNMOUNT | Inotify.IGNORED;

    /** Of files that do not count as many are remembered: they may be renamed to one that does. */
    private static final int MOST_OTHERS = 10_000;

    /** An opening that cut the file follows the change at once. */
    private static final long OPENING_NS = TimeUnit.MILLISECONDS.toNanos(100);

    /** A name in a folder that is watched, or, where it is empty, a file that is. */
    private record Name(int watch, String text) {}

    /**
     * Who works on a file.
     *
     * @param openers how often it was opened and not closed again since it is watched
     * @param writtenNs since when it is being written; null: it is not
     * @param changedNs when it was changed while nobody had it open; null: it was not
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

    /** A folder. */
    private record Watched(Path path, WatchPlan.Folder folder) {}

    /** What events come to, with growing weight. */
    enum Change {
        /** Nothing that counts. */
        NONE,
        /** Perhaps something, and perhaps it is not finished. */
        PERHAPS,
        /** A name is gone: another may follow at once. */
        GONE,
        /** An edit. */
        EDIT
    }

    /**
     * What events come to.
     *
     * @param change the weightiest
     * @param wayChanged true: {@link #follow} has to be asked anew
     */
    record Outcome(Change change, boolean wayChanged) {
        static final Outcome NONE = new Outcome(Change.NONE, false);

        Outcome and(Outcome other) {
            return new Outcome(
                    change.compareTo(other.change) < 0 ? other.change : change, wayChanged || other.wayChanged);
        }
    }

    /** A file that is being written. */
    record Written(Path file, long sinceNs) {}

    private final Inotify inotify;
    private Map<Integer, Watched> folders = Map.of();
    private Map<Integer, Path> files = Map.of();

    private final Map<Name, Work> work = new HashMap<>();

    /** Of files that have left a folder, by the cookie of the event. */
    private final Map<Integer, Work> moving = new HashMap<>();

    /** Names that count and are gone. */
    private final Map<Name, Long> gone = new HashMap<>();

    /**
     * Watches nothing yet.
     *
     * @throws ErrnoException where this user has no more
     */
    ConfigWatch() throws ErrnoException {
        inotify = Inotify.open();
    }

    /**
     * Watches this from now on, and nothing else. Everything is registered anew: what has a path now need not be what had it before.
     *
     * @return why something could not be watched; empty: all is
     */
    Optional<String> follow(WatchPlan plan) throws ErrnoException {
        List<String> refusals = new ArrayList<>();
        Map<Integer, Watched> nextFolders = new HashMap<>();
        for (Map.Entry<Path, WatchPlan.Folder> each : plan.folders().entrySet()) {
            add(each.getKey(), each.getValue().holdsFiles() ? HOLDER : WAY, refusals)
                    .ifPresent(watch -> nextFolders.merge(
                            watch,
                            new Watched(each.getKey(), each.getValue()),
                            (one, other) -> new Watched(one.path(), one.folder().and(other.folder()))));
        }
        Map<Integer, Path> nextFiles = new HashMap<>();
        for (Path each : plan.files()) {
            add(each, FILE, refusals).ifPresent(watch -> nextFiles.put(watch, each));
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
                    // Where it is made, the folder above tells.
                }
                default -> {
                    // A file that may not be read is refused when it is read.
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

    /** Lets the thread in {@link #await} return. */
    void wake() {
        inotify.wake();
    }

    /** Notes what has happened. */
    Outcome note(List<Inotify.Event> events, long nowNs) {
        Outcome outcome = Outcome.NONE;
        for (Inotify.Event each : events) {
            outcome = outcome.and(note(each, nowNs));
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

    /** True: who made this file has not written to it yet, and will, or closes it. A second name of a file is not made so. */
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

    /** The file of the configuration that has been written for longest. */
    Optional<Written> written() {
        Written longest = null;
        for (Map.Entry<Name, Work> each : work.entrySet()) {
            Long since = each.getValue().writtenNs();
            Path file = since == null ? null : fileThatCounts(each.getKey());
            if (since != null && file != null && (longest == null || since - longest.sinceNs() < 0)) {
                longest = new Written(file, since);
            }
        }
        return Optional.ofNullable(longest);
    }

    private @Nullable Path fileThatCounts(Name name) {
        Watched folder = folders.get(name.watch());
        if (folder == null) {
            return files.get(name.watch());
        }
        return folder.folder().has(name.text()) ? folder.path().resolve(name.text()) : null;
    }

    /** From now on nobody is writing, as far as is known. */
    void forgetWriters() {
        work.replaceAll((_, each) -> new Work(each.openers(), null, null));
    }

    /** When the last of the names that count and are gone went; empty: there is none. */
    Optional<Long> lastGoneNs() {
        return gone.values().stream().reduce((one, other) -> one - other < 0 ? other : one);
    }

    /** Events were lost: who has closed what is not known, and what is there has to stay the same for a while. */
    void forgetAll() {
        work.clear();
        moving.clear();
        gone.clear();
    }

    /** What is gone by now is meant to be. */
    void forgetGone() {
        gone.clear();
    }

    @Override
    public void close() {
        inotify.close();
    }
}
