package io.portcullis.service;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees edits of the configuration, with the kernel's help ({@link ConfigWatch}) and without. One thread at a time. */
final class Edits implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Edits.class);

    /** What tells one version of a file from another. */
    private record Version(@Nullable Object key, String modified, long size) {}

    private final Path file;
    private final Runnable edited;
    private @Nullable ConfigWatch watch;
    private volatile boolean seen;
    private @Nullable Version last;
    private boolean closed;

    /**
     * Sees nothing yet.
     *
     * @param edited called when something may have changed, on any thread: must not wait
     */
    Edits(Path file, Runnable edited) {
        this.file = file;
        this.edited = edited;
    }

    /** Watches these folders from now on. What may have happened since they were read counts as an edit. */
    synchronized void watch(Set<Path> folders) {
        if (closed) {
            return;
        }
        if (last == null) {
            last = version();
        }
        try {
            ConfigWatch now = watch;
            if (now == null) {
                watch = new ConfigWatch(file, folders, edited);
            } else if (now.follow(folders)) {
                edited.run();
            }
            seen = true;
        } catch (IOException e) {
            if (seen || watch == null) {
                LOG.warn("edits of {} are seen a second late: {}", file, e.getMessage());
            }
            seen = false;
        } catch (ClosedWatchServiceException stopping) {
            LOG.debug("no watch: portcullis is stopping", stopping);
        }
    }

    /** False: the kernel does not tell of all edits, and {@link #look} has to be asked. */
    boolean areSeen() {
        return seen;
    }

    /** Looks whether the file is another one than at the last look. */
    synchronized void look() {
        Version now = version();
        if (!now.equals(last)) {
            last = now;
            edited.run();
        }
    }

    private Version version() {
        try {
            BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(is.fileKey(), is.lastModifiedTime().toString(), is.size());
        } catch (IOException gone) {
            return new Version(null, gone.getClass().getSimpleName(), 0);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        if (watch != null) {
            watch.close();
        }
    }
}
