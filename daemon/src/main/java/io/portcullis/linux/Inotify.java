package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Events of files and folders, inotify(7). It reports that a file open for writing was closed, which Java's {@code WatchService}
 * does not. It reports only changes by this machine: none by another machine on a network file system, and for a mounted file only
 * changes of the file itself. One thread awaits; any thread adds, removes and closes.
 */
public final class Inotify implements AutoCloseable {
    // include/uapi/linux/inotify.h
    /** The file was written or truncated; or only its modification time was set. */
    public static final int MODIFY = 0x2;
    /** Owner, mode, times or the number of names changed. */
    public static final int ATTRIB = 0x4;
    /** A file open for writing was closed. */
    public static final int CLOSE_WRITE = 0x8;
    /** A file or folder open only for reading was closed. */
    public static final int CLOSE_NOWRITE = 0x10;
    /** A file or folder was opened. If that truncated the file, {@link #MODIFY} may come first. */
    public static final int OPEN = 0x20;
    /** A name was moved from this folder to another name or folder: the same cookie as its {@link #MOVED_TO}. */
    public static final int MOVED_FROM = 0x40;
    /** A name was moved to this folder, and may have replaced another file. */
    public static final int MOVED_TO = 0x80;
    /** A name was created: a file, a folder, a link. */
    public static final int CREATE = 0x100;
    /** A name was deleted. */
    public static final int DELETE = 0x200;
    /** The watched file has no name any more and is not open. */
    public static final int DELETE_SELF = 0x400;
    /** The watched file was renamed. */
    public static final int MOVE_SELF = 0x800;
    /** The file system was unmounted. */
    public static final int UNMOUNT = 0x2000;
    /** Events were lost: the queue was full (fs.inotify.max_queued_events). */
    public static final int Q_OVERFLOW = 0x4000;
    /** The watch has ended: it was removed, or its file is gone. */
    public static final int IGNORED = 0x8000;
    /** For {@link #add}: only a folder. */
    public static final int ONLYDIR = 0x0100_0000;
    /** For {@link #add}: no events of files deleted from the folder. */
    public static final int EXCL_UNLINK = 0x0400_0000;
    /** For {@link #add}: adds events to an existing watch. */
    public static final int MASK_ADD = 0x2000_0000;
    /** The name is a folder's. */
    public static final int ISDIR = 0x4000_0000;

    private static final int BUFFER = 64 * 1024;
    private static final int WOKEN = 2;

    // struct inotify_event: int wd, u32 mask, u32 cookie, u32 len, char name[len], filled up with zeroes
    private static final int MASK = 4;
    private static final int COOKIE = 8;
    private static final int LENGTH = 12;
    private static final int NAME = 16;

    /**
     * One event.
     *
     * @param watch as returned by {@link #add}; -1 if events were lost
     * @param mask kinds of the event
     * @param cookie the same for {@link #MOVED_FROM} and {@link #MOVED_TO}, else 0
     * @param name in the watched folder; empty: the watched file or folder itself
     */
    public record Event(int watch, int mask, int cookie, String name) {
        /** True: it is of one of these kinds. */
        public boolean is(int bits) {
            return (mask & bits) != 0;
        }
    }

    private final int fd;
    private final int wakeup;
    private final ReentrantLock reading = new ReentrantLock();
    private final ReentrantLock registering = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();

    private Inotify(int fd, int wakeup) {
        this.fd = fd;
        this.wakeup = wakeup;
    }

    /**
     * Opens an instance without watches.
     *
     * @throws ErrnoException EMFILE: the user has reached fs.inotify.max_user_instances, or the limit of open files
     */
    public static Inotify open() throws ErrnoException {
        int wakeup = (int) ErrnoException.check(Libc.eventfd(0, Libc.EFD_CLOEXEC), "eventfd(EFD_CLOEXEC)");
        try {
            return new Inotify(
                    (int) ErrnoException.check(
                            LibcFiles.inotify_init1(Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK), "inotify_init1"),
                    wakeup);
        } catch (ErrnoException refused) {
            Libc.close(wakeup);
            throw refused;
        }
    }

    /**
     * Watches a file or folder; for a link, its target.
     *
     * @return number of the watch: the existing one if the same file is watched already, under any name
     * @throws ErrnoException ENOENT, ENOTDIR; EACCES: it may not be read; ENOSPC: the user has reached
     * fs.inotify.max_user_watches; ECANCELED: closed
     */
    public int add(Path path, int mask) throws ErrnoException {
        registering.lock();
        try (Arena arena = Arena.ofConfined()) {
            if (closed.get()) {
                throw new ErrnoException("inotify_add_watch", Errno.ECANCELED);
            }
            return (int) ErrnoException.check(
                    LibcFiles.inotify_add_watch(fd, OwnedFile.path(arena, path), mask),
                    "inotify_add_watch(" + path + ")");
        } finally {
            registering.unlock();
        }
    }

    /** Removes a watch; does nothing if it has ended. */
    public void remove(int watch) {
        registering.lock();
        try {
            if (!closed.get()) {
                LibcFiles.inotify_rm_watch(fd, watch);
            }
        } finally {
            registering.unlock();
        }
    }

    /**
     * Waits for events.
     *
     * @param timeoutMs longest wait in milliseconds; negative: no limit
     * @return events in order; empty after the timeout or {@link #wake}
     * @throws ErrnoException ECANCELED once this is closed
     */
    public List<Event> await(int timeoutMs) throws ErrnoException {
        reading.lock();
        try (Arena arena = Arena.ofConfined()) {
            int ready = closed.get() ? -Errno.ECANCELED : Libc.poll(fd, wakeup, timeoutMs);
            if (ready == -Errno.EINTR) {
                return List.of();
            }
            ErrnoException.check(ready, "poll (inotify)");
            if (closed.get()) {
                throw new ErrnoException("poll (inotify)", Errno.ECANCELED);
            }
            if ((ready & WOKEN) != 0) {
                LibcFiles.read(wakeup, arena.allocate(JAVA_LONG));
            }
            MemorySegment buffer = arena.allocate(BUFFER, Integer.BYTES);
            long bytes = (ready & ~WOKEN) == 0 ? 0 : LibcFiles.read(fd, buffer);
            if (bytes == -Errno.EAGAIN || bytes == -Errno.EINTR) {
                return List.of();
            }
            return events(buffer, ErrnoException.check(bytes, "read (inotify)"));
        } finally {
            reading.unlock();
        }
    }

    private static List<Event> events(MemorySegment buffer, long bytes) {
        List<Event> events = new ArrayList<>();
        for (long at = 0; at < bytes; ) {
            int length = buffer.get(JAVA_INT, at + LENGTH);
            byte[] name = buffer.asSlice(at + NAME, length).toArray(JAVA_BYTE);
            int end = 0;
            while (end < length && name[end] != 0) {
                end++;
            }
            events.add(new Event(
                    buffer.get(JAVA_INT, at),
                    buffer.get(JAVA_INT, at + MASK),
                    buffer.get(JAVA_INT, at + COOKIE),
                    new String(name, 0, end, StandardCharsets.UTF_8)));
            at += NAME + length;
        }
        return events;
    }

    /** Makes {@link #await} return. */
    public void wake() {
        registering.lock();
        try {
            if (!closed.get()) {
                write();
            }
        } finally {
            registering.unlock();
        }
    }

    private void write() {
        try (Arena arena = Arena.ofConfined()) {
            Libc.write(wakeup, arena.allocateFrom(JAVA_LONG, 1));
        }
    }

    /** Closes the instance; a waiting thread gets ECANCELED. Once or more often, any thread. */
    @Override
    public void close() {
        registering.lock();
        try {
            if (!closed.compareAndSet(false, true)) {
                return;
            }
        } finally {
            registering.unlock();
        }
        write();
        // The descriptors are closed after await has returned: the kernel reuses a closed number at once.
        reading.lock();
        try {
            Libc.close(fd);
            Libc.close(wakeup);
        } finally {
            reading.unlock();
        }
    }
}
