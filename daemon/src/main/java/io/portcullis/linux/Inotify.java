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
 * What the kernel tells of files and folders, inotify(7): among it that a file which was open for writing is closed, which Java's
 * {@code WatchService} does not tell. It tells of this machine's own work only: nothing of what another machine does on a network
 * file system, and of a mounted file only what happens to the file itself. One thread awaits; any thread adds, removes and closes.
 */
public final class Inotify implements AutoCloseable {
    // include/uapi/linux/inotify.h
    /** Somebody wrote to the file, or cut it; or set the time of its last change, and no other. */
    public static final int MODIFY = 0x2;
    /** Owner, mode, times or the number of names are others. */
    public static final int ATTRIB = 0x4;
    /** A file that was open for writing is closed. */
    public static final int CLOSE_WRITE = 0x8;
    /** A file or folder that was open for reading alone is closed. */
    public static final int CLOSE_NOWRITE = 0x10;
    /** A file or folder was opened. Where that cut the file, {@link #MODIFY} may come first. */
    public static final int OPEN = 0x20;
    /** A name went from this folder to another name or folder: the same cookie as its {@link #MOVED_TO}. */
    public static final int MOVED_FROM = 0x40;
    /** A name came, perhaps in the place of another file. */
    public static final int MOVED_TO = 0x80;
    /** A name was made: a file, a folder, a link. */
    public static final int CREATE = 0x100;
    /** A name was removed. */
    public static final int DELETE = 0x200;
    /** What is watched has no name any more and nobody has it open. */
    public static final int DELETE_SELF = 0x400;
    /** What is watched was renamed. */
    public static final int MOVE_SELF = 0x800;
    /** The file system was unmounted. */
    public static final int UNMOUNT = 0x2000;
    /** Events were lost: the queue was full (fs.inotify.max_queued_events). */
    public static final int Q_OVERFLOW = 0x4000;
    /** This watch is no more: removed, or what was watched is gone. */
    public static final int IGNORED = 0x8000;
    /** To {@link #add}: only a folder. */
    public static final int ONLYDIR = 0x0100_0000;
    /** To {@link #add}: nothing of files that have lost their name in the folder. */
    public static final int EXCL_UNLINK = 0x0400_0000;
    /** To {@link #add}: what is watched already is watched for this, too. */
    public static final int MASK_ADD = 0x2000_0000;
    /** The name is that of a folder. */
    public static final int ISDIR = 0x4000_0000;

    private static final int BUFFER = 64 * 1024;
    private static final int WOKEN = 2;

    // struct inotify_event: int wd, u32 mask, u32 cookie, u32 len, char name[len], filled up with zeroes
    private static final int MASK = 4;
    private static final int COOKIE = 8;
    private static final int LENGTH = 12;
    private static final int NAME = 16;

    /**
     * Something happened.
     *
     * @param watch as {@link #add} gave it; -1 where events were lost
     * @param mask what
     * @param cookie the same one of {@link #MOVED_FROM} and {@link #MOVED_TO}, else 0
     * @param name in the folder that is watched; empty: what is watched itself
     */
    public record Event(int watch, int mask, int cookie, String name) {
        /** True: it is one of these. */
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
     * Watches nothing yet.
     *
     * @throws ErrnoException EMFILE: this user has as many as fs.inotify.max_user_instances says, or as many open files as it may
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
     * Watches a file or folder; of a link, what it leads to.
     *
     * @return the number of the watch: that of before, where the same one is watched already, under whatever name
     * @throws ErrnoException ENOENT, ENOTDIR; EACCES: it may not be read; ENOSPC: this user has as many watches as
     *     fs.inotify.max_user_watches says; ECANCELED: closed
     */
    public int add(Path path, int mask) throws ErrnoException {
        registering.lock();
        try (Arena arena = Arena.ofConfined()) {
            if (closed.get()) {
                throw new ErrnoException("inotify_add_watch", Errno.ECANCELED);
            }
            return (int) ErrnoException.check(
                    LibcFiles.inotify_add_watch(fd, OwnedFile.path(arena, path), mask), "inotify_add_watch(" + path + ")");
        } finally {
            registering.unlock();
        }
    }

    /** Ends a watch; one that is no more is no fault. */
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
     * @param timeoutMs milliseconds to wait at the most; negative: no limit
     * @return what has come, in its order; empty when the time is up, or after {@link #wake}
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

    /** Lets the thread in {@link #await} return. */
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

    /** Ends it; a thread that waits gets ECANCELED. Once or more often, any thread. */
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
        // The descriptors go when nobody is inside: a closed number may be another file's a moment later.
        reading.lock();
        try {
            Libc.close(fd);
            Libc.close(wakeup);
        } finally {
            reading.unlock();
        }
    }
}
