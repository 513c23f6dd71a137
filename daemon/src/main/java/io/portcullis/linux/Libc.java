package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The C library as it is: one method per function, C's names, C's order of arguments. Where C says "-1 with errno set",
 * these answer the negated errno ({@code -ENODEV}); they never throw for what the kernel answers. The caller owns all
 * memory; nothing is kept after the call. Any thread; each has its own errno.
 */
public final class Libc {
    /** Unix domain sockets (bits/socket.h). */
    public static final int AF_UNIX = 1;
    /** IPv4. */
    public static final int AF_INET = 2;
    /** IPv6. */
    public static final int AF_INET6 = 10;
    /** The kernel's own message sockets, netlink(7). */
    public static final int AF_NETLINK = 16;
    /** Frames of a NIC, packet(7). */
    public static final int AF_PACKET = 17;

    /** Bytes in their order (bits/socket_type.h). */
    public static final int SOCK_STREAM = 1;
    /** Datagrams (bits/socket_type.h). */
    public static final int SOCK_DGRAM = 2;
    /** Messages of a protocol of its own. */
    public static final int SOCK_RAW = 3;
    /** Close on exec: no child of ours inherits the descriptor. */
    public static final int SOCK_CLOEXEC = 0x80000;
    /** No call on it waits. */
    public static final int SOCK_NONBLOCK = 0x800;

    /** recv(2): do not wait. */
    public static final int MSG_DONTWAIT = 0x40;
    /** recv(2): answer the length that the message had, even where the buffer was shorter. */
    public static final int MSG_TRUNC = 0x20;
    /** send(2): no SIGPIPE. */
    static final int MSG_NOSIGNAL = 0x4000;

    /** mmap(2): no access at all; only the addresses are taken. */
    public static final int PROT_NONE = 0;
    /** mmap(2): reading and writing. */
    public static final int PROT_READ_WRITE = 1 | 2;
    /** mmap(2): the file's own memory. */
    public static final int MAP_SHARED = 1;
    /** mmap(2): nobody else's. */
    public static final int MAP_PRIVATE = 2;
    /** mmap(2): at this very address, in the place of what is mapped there. */
    public static final int MAP_FIXED = 0x10;
    /** mmap(2): zeroed memory, no file. */
    public static final int MAP_ANONYMOUS = 0x20;
    /** mmap(2): take the pages now, not when they are touched. */
    public static final int MAP_POPULATE = 0x8000;

    /** madvise(2): the pages of a range are not needed now. */
    static final int MADV_DONTNEED = 4;

    /** setpriority(2): of one thread. */
    static final int PRIO_PROCESS = 0;

    /** open(2): reading and writing. */
    static final int O_RDWR = 2;
    /** open(2): make the file where there is none. */
    static final int O_CREAT = 0x40;
    /** open(2): only where there is none. */
    static final int O_EXCL = 0x80;
    /** open(2): wait for nobody, not even at the other end of a FIFO. */
    static final int O_NONBLOCK = 0x800;
    /** open(2): close on exec. */
    static final int O_CLOEXEC = 0x80000;
    /** open(2): not through a symbolic link. */
    static final int O_NOFOLLOW = System.getProperty("os.arch").equals("aarch64") ? 0x8000 : 0x20000;

    /** renameat2(2): paths are as the process sees them. */
    static final int AT_FDCWD = -100;
    /** renameat2(2): both names stay, and each leads to what the other one did. */
    static final int RENAME_EXCHANGE = 2;

    /** poll(2): there is something to read. */
    static final short POLLIN = 1;

    /** fallocate(2): give the pages back, and keep the size. */
    static final int FALLOC_FL_PUNCH_HOLE = 1 | 2;

    /** flock(2): others may read, and so have it too. */
    static final int LOCK_SH = 1;
    /** flock(2): nobody else has it. */
    static final int LOCK_EX = 2;
    /** flock(2): do not wait. */
    static final int LOCK_NB = 4;

    /** eventfd(2): close on exec. */
    public static final int EFD_CLOEXEC = 0x80000;

    /** sched(7): only where nobody else wants the core. */
    static final int SCHED_IDLE = 5;

    /** clock_gettime(2): since boot, without jumps; what systemd means by MONOTONIC_USEC. */
    static final int CLOCK_MONOTONIC = 1;

    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    // Not the layout's own VarHandle: that slices the segment, an object a call where the compiler does not see through
    // it.
    private static final long ERRNO = CALL_STATE.byteOffset(PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CALL_STATE));

    private static final Linker LINKER = linker();

    private static final MethodHandle SOCKET =
            capturing("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE = capturing("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
            capturing("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKNAME =
            capturing("getsockname", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SETSOCKOPT =
            capturing("setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKOPT =
            capturing("getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SENDTO = capturing(
            "sendto", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle RECV =
            capturing("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    // The two calls of every batch of frames take plain addresses: a MemorySegment for each would be an object for
    // each.
    // Neither is `critical`: copying tens of kilobytes, or handing over 64 frames, would hold up a safepoint for longer
    // than the few nanoseconds of the transition that it spares.
    private static final MethodHandle RECV_AT =
            capturing("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SENDMMSG =
            capturing("sendmmsg", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle MMAP = capturing(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP =
            capturing("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MADVISE =
            capturing("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle OPEN = capturing(
            "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle RENAMEAT2 =
            capturing("renameat2", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETEUID = capturing("geteuid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle FALLOCATE =
            capturing("fallocate", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle FLOCK = capturing("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle WRITE =
            capturing("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle READ =
            capturing("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle INOTIFY_INIT1 =
            capturing("inotify_init1", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle INOTIFY_ADD_WATCH =
            capturing("inotify_add_watch", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle INOTIFY_RM_WATCH =
            capturing("inotify_rm_watch", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle POLL =
            capturing("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle EVENTFD =
            capturing("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle EXIT = capturing("_exit", FunctionDescriptor.ofVoid(JAVA_INT));
    private static final MethodHandle IOCTL = capturing(
            "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IF_NAMETOINDEX =
            capturing("if_nametoindex", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    private static final MethodHandle CLOCK_GETTIME =
            capturing("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

    private static final MethodHandle SOCKETPAIR =
            capturing("socketpair", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle SCHED_SETSCHEDULER =
            capturing("sched_setscheduler", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle SETPRIORITY =
            capturing("setpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SCHED_GETAFFINITY =
            capturing("sched_getaffinity", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    private static final MethodHandle SCHED_SETAFFINITY =
            capturing("sched_setaffinity", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));

    /** bpf(2) has no function in glibc; its number is the architecture's (asm/unistd.h). */
    private static final long NR_BPF = switch (System.getProperty("os.arch")) {
        case "amd64", "x86_64" -> 321;
        case "aarch64" -> 280;
        case String other ->
            throw new UnsupportedOperationException("portcullis needs x86-64 or arm64; this is " + other);
    };

    private static final MethodHandle SYSCALL_BPF = capturing(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT),
            Linker.Option.firstVariadicArg(1));

    private Libc() {}

    private static Linker linker() {
        String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (ADDRESS.byteSize() != 8
                || !ByteOrder.nativeOrder().equals(ByteOrder.LITTLE_ENDIAN)
                || !system.startsWith("Linux")) {
            throw new UnsupportedOperationException("portcullis needs Linux on x86-64 or arm64; this is " + system);
        }
        return Linker.nativeLinker();
    }

    @SuppressWarnings("restricted") // the one place where native functions are bound
    private static MethodHandle capturing(String name, FunctionDescriptor type, Linker.Option... more) {
        List<Linker.Option> options = new ArrayList<>(List.of(more));
        options.add(Linker.Option.captureCallState("errno"));
        try {
            return LINKER.downcallHandle(
                    LINKER.defaultLookup()
                            .find(name)
                            .orElseThrow(() -> new UnsupportedOperationException(
                                    "this system's C library has no " + name + "(); portcullis needs glibc")),
                    type,
                    options.toArray(Linker.Option[]::new));
        } catch (IllegalCallerException denied) {
            throw new UnsupportedOperationException(
                    "native calls are denied: start java with --enable-native-access=ALL-UNNAMED", denied);
        }
    }

    private static long negated(long result, MemorySegment state) {
        return result >= 0 ? result : -state.get(JAVA_INT, ERRNO);
    }

    /** _exit(2). Does not return. */
    static void exit(int status) {
        MemorySegment state = STATE.get();
        try {
            EXIT.invokeExact(state, status);
        } catch (Throwable bug) {
            throw new AssertionError("_exit(" + status + ")", bug);
        }
    }

    /** socket(2). A descriptor, or the negated errno. */
    public static int socket(int domain, int type, int protocol) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SOCKET.invokeExact(state, domain, type, protocol), state);
        } catch (Throwable bug) {
            throw new AssertionError("socket(" + domain + ", " + type + ", " + protocol + ")", bug);
        }
    }

    /** socketpair(2) into two C ints. 0, or the negated errno. */
    public static int socketpair(int domain, int type, int protocol, MemorySegment pair) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SOCKETPAIR.invokeExact(state, domain, type, protocol, pair), state);
        } catch (Throwable bug) {
            throw new AssertionError("socketpair(" + domain + ", " + type + ", " + protocol + ")", bug);
        }
    }

    /** close(2). 0, or the negated errno; the descriptor is gone either way. */
    public static int close(int fd) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) CLOSE.invokeExact(state, fd), state);
        } catch (Throwable bug) {
            throw new AssertionError("close(" + fd + ")", bug);
        }
    }

    /** bind(2). 0, or the negated errno. */
    public static int bind(int fd, MemorySegment address) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) BIND.invokeExact(state, fd, address, (int) address.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("bind(" + fd + ")", bug);
        }
    }

    /**
     * getsockname(2). 0, or the negated errno.
     *
     * @param length a C int: in, how long {@code address} is; out, how long the address is
     */
    public static int getsockname(int fd, MemorySegment address, MemorySegment length) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) GETSOCKNAME.invokeExact(state, fd, address, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("getsockname(" + fd + ")", bug);
        }
    }

    /** setsockopt(2). 0, or the negated errno. */
    public static int setsockopt(int fd, int level, int option, MemorySegment value) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated(
                    (int) SETSOCKOPT.invokeExact(state, fd, level, option, value, (int) value.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("setsockopt(" + fd + ", " + level + ", " + option + ")", bug);
        }
    }

    /**
     * getsockopt(2). 0, or the negated errno.
     *
     * @param length a C int: in, how long {@code value} is; out, how much of it was written
     */
    public static int getsockopt(int fd, int level, int option, MemorySegment value, MemorySegment length) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) GETSOCKOPT.invokeExact(state, fd, level, option, value, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("getsockopt(" + fd + ", " + level + ", " + option + ")", bug);
        }
    }

    /** sendto(2). Bytes sent, or the negated errno. */
    public static long sendto(int fd, MemorySegment bytes, int flags, MemorySegment address) {
        MemorySegment state = STATE.get();
        try {
            return negated(
                    (long) SENDTO.invokeExact(
                            state, fd, bytes, bytes.byteSize(), flags, address, (int) address.byteSize()),
                    state);
        } catch (Throwable bug) {
            throw new AssertionError("sendto(" + fd + ", " + bytes.byteSize() + " bytes)", bug);
        }
    }

    /** recv(2). Bytes received (with MSG_TRUNC: that the message had), or the negated errno. */
    public static long recv(int fd, MemorySegment buffer, int flags) {
        MemorySegment state = STATE.get();
        try {
            return negated((long) RECV.invokeExact(state, fd, buffer, buffer.byteSize(), flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("recv(" + fd + ", " + buffer.byteSize() + " bytes)", bug);
        }
    }

    /** recv(2) to an address: as {@link #recv(int, MemorySegment, int)}, and no object is made. */
    public static long recv(int fd, long address, long length, int flags) {
        MemorySegment state = STATE.get();
        try {
            return negated((long) RECV_AT.invokeExact(state, fd, address, length, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("recv(" + fd + ", " + length + " bytes)", bug);
        }
    }

    /**
     * sendmmsg(2). Messages sent, fewer than {@code count} where the next one was refused, or the negated errno where that
     * was the first.
     *
     * @param messages address of an array of struct mmsghdr
     */
    public static int sendmmsg(int fd, long messages, int count, int flags) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SENDMMSG.invokeExact(state, fd, messages, count, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("sendmmsg(" + fd + ", " + count + " messages)", bug);
        }
    }

    /** mmap(2). The address, or the negated errno. */
    public static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        MemorySegment state = STATE.get();
        try {
            return negated((long) MMAP.invokeExact(state, address, length, protection, flags, fd, offset), state);
        } catch (Throwable bug) {
            throw new AssertionError("mmap(" + fd + ", " + length + " bytes)", bug);
        }
    }

    /** munmap(2). 0, or the negated errno. */
    public static int munmap(long address, long length) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) MUNMAP.invokeExact(state, address, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("munmap(" + length + " bytes)", bug);
        }
    }

    /** madvise(2). 0, or the negated errno. */
    static int madvise(long address, long length, int advice) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) MADVISE.invokeExact(state, address, length, advice), state);
        } catch (Throwable bug) {
            throw new AssertionError("madvise(" + advice + ")", bug);
        }
    }

    /** open(2). A descriptor, or the negated errno. */
    static int open(MemorySegment path, int flags, int mode) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) OPEN.invokeExact(state, path, flags, mode), state);
        } catch (Throwable bug) {
            throw new AssertionError("open(" + flags + ")", bug);
        }
    }

    /** renameat2(2), of paths that need no descriptor of a folder. 0, or the negated errno. */
    static int renameat2(MemorySegment from, MemorySegment to, int flags) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) RENAMEAT2.invokeExact(state, AT_FDCWD, from, AT_FDCWD, to, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("renameat2(" + flags + ")", bug);
        }
    }

    /** geteuid(2). It never fails. */
    static int geteuid() {
        MemorySegment state = STATE.get();
        try {
            return (int) GETEUID.invokeExact(state);
        } catch (Throwable bug) {
            throw new AssertionError("geteuid", bug);
        }
    }

    /** flock(2): {@code operation} is LOCK_EX or LOCK_SH, with LOCK_NB. 0, or the negated errno. */
    static int flock(int fd, int operation) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) FLOCK.invokeExact(state, fd, operation), state);
        } catch (Throwable bug) {
            throw new AssertionError("flock(" + fd + ", " + operation + ")", bug);
        }
    }

    /** fallocate(2). 0, or the negated errno. */
    static int fallocate(int fd, int mode, long offset, long length) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) FALLOCATE.invokeExact(state, fd, mode, offset, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("fallocate(" + fd + ", " + length + " bytes)", bug);
        }
    }

    /** write(2). Bytes written, or the negated errno. */
    public static long write(int fd, MemorySegment bytes) {
        MemorySegment state = STATE.get();
        try {
            return negated((long) WRITE.invokeExact(state, fd, bytes, bytes.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("write(" + fd + ", " + bytes.byteSize() + " bytes)", bug);
        }
    }

    /** read(2). Bytes read, 0 at the end of the file, or the negated errno. */
    static long read(int fd, MemorySegment into) {
        MemorySegment state = STATE.get();
        try {
            return negated((long) READ.invokeExact(state, fd, into, into.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("read(" + fd + ", " + into.byteSize() + " bytes)", bug);
        }
    }

    /** inotify_init1(2). A descriptor, or the negated errno. */
    static int inotify_init1(int flags) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) INOTIFY_INIT1.invokeExact(state, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("inotify_init1(" + flags + ")", bug);
        }
    }

    /** inotify_add_watch(2). The watch, or the negated errno. */
    static int inotify_add_watch(int fd, MemorySegment path, int mask) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) INOTIFY_ADD_WATCH.invokeExact(state, fd, path, mask), state);
        } catch (Throwable bug) {
            throw new AssertionError("inotify_add_watch(" + fd + ", 0x" + Integer.toHexString(mask) + ")", bug);
        }
    }

    /** inotify_rm_watch(2). 0, or the negated errno. */
    static int inotify_rm_watch(int fd, int watch) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) INOTIFY_RM_WATCH.invokeExact(state, fd, watch), state);
        } catch (Throwable bug) {
            throw new AssertionError("inotify_rm_watch(" + fd + ", " + watch + ")", bug);
        }
    }

    /**
     * poll(2) for input on two descriptors.
     *
     * @param timeoutMs milliseconds; negative: no limit
     * @return 0 when the time is up; else bit 0 for the first, bit 1 for the second, where there is input, an error or a
     *     hang-up; or the negated errno
     */
    public static int poll(int first, int second, int timeoutMs) {
        MemorySegment state = STATE.get();
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd: int fd, short events, short revents
            MemorySegment fds = arena.allocate(16, 4);
            fds.set(JAVA_INT, 0, first);
            fds.set(JAVA_SHORT, 4, POLLIN);
            fds.set(JAVA_INT, 8, second);
            fds.set(JAVA_SHORT, 12, POLLIN);
            int n = (int) negated((int) POLL.invokeExact(state, fds, 2L, timeoutMs), state);
            return n <= 0 ? n : (fds.get(JAVA_SHORT, 6) != 0 ? 1 : 0) | (fds.get(JAVA_SHORT, 14) != 0 ? 2 : 0);
        } catch (Throwable bug) {
            throw new AssertionError("poll(" + first + ", " + second + ", " + timeoutMs + ")", bug);
        }
    }

    /** eventfd(2). A descriptor, or the negated errno. */
    public static int eventfd(int initial, int flags) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) EVENTFD.invokeExact(state, initial, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("eventfd(" + initial + ", " + flags + ")", bug);
        }
    }

    /** ioctl(2) with a pointer. 0 or more, or the negated errno. */
    public static int ioctl(int fd, long request, MemorySegment argument) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) IOCTL.invokeExact(state, fd, request, argument), state);
        } catch (Throwable bug) {
            throw new AssertionError("ioctl(" + fd + ", 0x" + Long.toHexString(request) + ")", bug);
        }
    }

    /** if_nametoindex(3). The index, or the negated errno (C: 0 with errno set). */
    public static int if_nametoindex(MemorySegment name) {
        MemorySegment state = STATE.get();
        try {
            int index = (int) IF_NAMETOINDEX.invokeExact(state, name);
            return index != 0 ? index : (int) negated(-1, state);
        } catch (Throwable bug) {
            throw new AssertionError("if_nametoindex", bug);
        }
    }

    /** bpf(2) with a union bpf_attr. 0 or a descriptor, or the negated errno. */
    public static int bpf(int command, MemorySegment attributes) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated(
                    (long) SYSCALL_BPF.invokeExact(state, NR_BPF, command, attributes, (int) attributes.byteSize()),
                    state);
        } catch (Throwable bug) {
            throw new AssertionError("bpf(" + command + ")", bug);
        }
    }

    /** sched_setscheduler(2) of a thread, with a struct sched_param: one C int. 0, or the negated errno. */
    static int sched_setscheduler(int thread, int policy, MemorySegment parameters) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SCHED_SETSCHEDULER.invokeExact(state, thread, policy, parameters), state);
        } catch (Throwable bug) {
            throw new AssertionError("sched_setscheduler(" + thread + ", " + policy + ")", bug);
        }
    }

    /** setpriority(2); of PRIO_PROCESS, 0 is the calling thread. 0, or the negated errno. */
    static int setpriority(int which, int who, int nice) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SETPRIORITY.invokeExact(state, which, who, nice), state);
        } catch (Throwable bug) {
            throw new AssertionError("setpriority(" + nice + ")", bug);
        }
    }

    /** sched_getaffinity(2); 0 is the calling thread. 0, or the negated errno. */
    static int sched_getaffinity(int thread, MemorySegment set) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SCHED_GETAFFINITY.invokeExact(state, thread, set.byteSize(), set), state);
        } catch (Throwable bug) {
            throw new AssertionError("sched_getaffinity(" + thread + ")", bug);
        }
    }

    /** sched_setaffinity(2); 0 is the calling thread. 0, or the negated errno. */
    static int sched_setaffinity(int thread, MemorySegment set) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) SCHED_SETAFFINITY.invokeExact(state, thread, set.byteSize(), set), state);
        } catch (Throwable bug) {
            throw new AssertionError("sched_setaffinity(" + thread + ")", bug);
        }
    }

    /** clock_gettime(2) into a struct timespec: two 64-bit words, seconds and nanoseconds. 0, or the negated errno. */
    static int clock_gettime(int clock, MemorySegment timespec) {
        MemorySegment state = STATE.get();
        try {
            return (int) negated((int) CLOCK_GETTIME.invokeExact(state, clock, timespec), state);
        } catch (Throwable bug) {
            throw new AssertionError("clock_gettime(" + clock + ")", bug);
        }
    }
}
