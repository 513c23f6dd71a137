package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The C library's functions for files, locks and inotify, as they are: the rules of {@link Libc}. */
final class LibcFiles {
    /** open(2): reading and writing. */
    static final int O_RDWR = 2;
    /** open(2): create the file if there is none. */
    static final int O_CREAT = 0x40;
    /** open(2): fail if the file exists. */
    static final int O_EXCL = 0x80;
    /** open(2): do not wait, not even for the other end of a FIFO. */
    static final int O_NONBLOCK = 0x800;
    /** open(2): close on exec. */
    static final int O_CLOEXEC = 0x80000;
    /** open(2): fail at a symbolic link. */
    static final int O_NOFOLLOW = System.getProperty("os.arch").equals("aarch64") ? 0x8000 : 0x20000;
    /** renameat2(2): paths start at the working directory. */
    static final int AT_FDCWD = -100;
    /** renameat2(2): exchange the two files of two names. */
    static final int RENAME_EXCHANGE = 2;
    /** fallocate(2): free the pages, keep the size. */
    static final int FALLOC_FL_PUNCH_HOLE = 1 | 2;
    /** flock(2): a shared lock. */
    static final int LOCK_SH = 1;
    /** flock(2): an exclusive lock. */
    static final int LOCK_EX = 2;
    /** flock(2): do not wait. */
    static final int LOCK_NB = 4;
    /** madvise(2): the pages of a range are not needed now. */
    static final int MADV_DONTNEED = 4;

    private static final MethodHandle OPEN = NativeCall.of(
            "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle READ =
            NativeCall.of("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle RENAMEAT2 =
            NativeCall.of("renameat2", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETEUID = NativeCall.of("geteuid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle FLOCK =
            NativeCall.of("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle FALLOCATE =
            NativeCall.of("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MADVISE =
            NativeCall.of("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle INOTIFY_INIT1 =
            NativeCall.of("inotify_init1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle INOTIFY_ADD_WATCH =
            NativeCall.of("inotify_add_watch", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle INOTIFY_RM_WATCH =
            NativeCall.of("inotify_rm_watch", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private LibcFiles() {}

    /** open(2). A descriptor, or the negated errno. */
    static int open(MemorySegment path, int flags, int mode) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) OPEN.invokeExact(state, path, flags, mode), state);
        } catch (Throwable bug) {
            throw new AssertionError("open(" + flags + ")", bug);
        }
    }

    /** read(2). Bytes read, 0 at the end of the file, or the negated errno. */
    static long read(int fd, MemorySegment into) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated((long) READ.invokeExact(state, fd, into, into.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("read(" + fd + ", " + into.byteSize() + " bytes)", bug);
        }
    }

    /** renameat2(2), of paths that need no descriptor of a folder. 0, or the negated errno. */
    static int renameat2(MemorySegment from, MemorySegment to, int flags) {
        MemorySegment state = NativeCall.state();
        try {
            return (int)
                    NativeCall.negated((int) RENAMEAT2.invokeExact(state, AT_FDCWD, from, AT_FDCWD, to, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("renameat2(" + flags + ")", bug);
        }
    }

    /** geteuid(2). It never fails. */
    static int geteuid() {
        MemorySegment state = NativeCall.state();
        try {
            return (int) GETEUID.invokeExact(state);
        } catch (Throwable bug) {
            throw new AssertionError("geteuid", bug);
        }
    }

    /** flock(2): {@code operation} is LOCK_EX or LOCK_SH, with LOCK_NB. 0, or the negated errno. */
    static int flock(int fd, int operation) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) FLOCK.invokeExact(state, fd, operation), state);
        } catch (Throwable bug) {
            throw new AssertionError("flock(" + fd + ", " + operation + ")", bug);
        }
    }

    /** fallocate(2). 0, or the negated errno. */
    static int fallocate(int fd, int mode, long offset, long length) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) FALLOCATE.invokeExact(state, fd, mode, offset, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("fallocate(" + fd + ", " + length + " bytes)", bug);
        }
    }

    /** madvise(2). 0, or the negated errno. */
    static int madvise(long address, long length, int advice) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) MADVISE.invokeExact(state, address, length, advice), state);
        } catch (Throwable bug) {
            throw new AssertionError("madvise(" + advice + ")", bug);
        }
    }

    /** inotify_init1(2). A descriptor, or the negated errno. */
    static int inotify_init1(int flags) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) INOTIFY_INIT1.invokeExact(state, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("inotify_init1(" + flags + ")", bug);
        }
    }

    /** inotify_add_watch(2). The watch, or the negated errno. */
    static int inotify_add_watch(int fd, MemorySegment path, int mask) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) INOTIFY_ADD_WATCH.invokeExact(state, fd, path, mask), state);
        } catch (Throwable bug) {
            throw new AssertionError("inotify_add_watch(" + fd + ", 0x" + Integer.toHexString(mask) + ")", bug);
        }
    }

    /** inotify_rm_watch(2). 0, or the negated errno. */
    static int inotify_rm_watch(int fd, int watch) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) INOTIFY_RM_WATCH.invokeExact(state, fd, watch), state);
        } catch (Throwable bug) {
            throw new AssertionError("inotify_rm_watch(" + fd + ", " + watch + ")", bug);
        }
    }
}
