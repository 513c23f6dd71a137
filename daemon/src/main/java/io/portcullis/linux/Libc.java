package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The C library: one method per function, with C's name and C's order of arguments. Where C returns "-1 with errno set", these
 * return the negated errno ({@code -ENODEV}); they never throw for an answer of the kernel. The caller owns all memory; nothing is
 * kept after the call. Any thread; each has its own errno. {@code LibcFiles} and {@code LibcProcess} have the functions that only
 * this package calls.
 */
public final class Libc {
    /** Unix domain sockets (bits/socket.h). */
    public static final int AF_UNIX = 1;
    /** IPv4. */
    public static final int AF_INET = 2;
    /** IPv6. */
    public static final int AF_INET6 = 10;
    /** Messages with the kernel, netlink(7). */
    public static final int AF_NETLINK = 16;
    /** Frames of a NIC, packet(7). */
    public static final int AF_PACKET = 17;

    /** A byte stream (bits/socket_type.h). */
    public static final int SOCK_STREAM = 1;
    /** Datagrams (bits/socket_type.h). */
    public static final int SOCK_DGRAM = 2;
    /** Raw messages of a protocol. */
    public static final int SOCK_RAW = 3;
    /** Close on exec: no child process inherits the descriptor. */
    public static final int SOCK_CLOEXEC = 0x80000;
    /** No call on it waits. */
    public static final int SOCK_NONBLOCK = 0x800;

    /** recv(2): do not wait. */
    public static final int MSG_DONTWAIT = 0x40;
    /** recv(2): return the length of the message, even if the buffer is shorter. */
    public static final int MSG_TRUNC = 0x20;
    /** send(2): no SIGPIPE. */
    static final int MSG_NOSIGNAL = 0x4000;

    /** mmap(2): no access; only reserves the addresses. */
    public static final int PROT_NONE = 0;
    /** mmap(2): reading and writing. */
    public static final int PROT_READ_WRITE = 1 | 2;
    /** mmap(2): the file's own memory. */
    public static final int MAP_SHARED = 1;
    /** mmap(2): private memory of this process. */
    public static final int MAP_PRIVATE = 2;
    /** mmap(2): at exactly this address, replacing what is mapped there. */
    public static final int MAP_FIXED = 0x10;
    /** mmap(2): zeroed memory, no file. */
    public static final int MAP_ANONYMOUS = 0x20;
    /** mmap(2): allocate the pages now, not at the first access. */
    public static final int MAP_POPULATE = 0x8000;

    /** poll(2): there is something to read. */
    static final short POLLIN = 1;

    /** eventfd(2): close on exec. */
    public static final int EFD_CLOEXEC = 0x80000;

    private static final MethodHandle SOCKET =
            NativeCall.of("socket", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE = NativeCall.of("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle BIND =
            NativeCall.of("bind", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKNAME =
            NativeCall.of("getsockname", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SETSOCKOPT = NativeCall.of(
            "setsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle GETSOCKOPT = NativeCall.of(
            "getsockopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SENDTO = NativeCall.of(
            "sendto", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle RECV =
            NativeCall.of("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    // The two calls of every batch take plain addresses: a MemorySegment for each call would be an object. Neither is
    // `critical`: copying tens of kilobytes, or sending 64 frames, would delay a safepoint for longer than the few
    // nanoseconds
    // of the saved transition.
    private static final MethodHandle RECV_AT =
            NativeCall.of("recv", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    private static final MethodHandle SENDMMSG =
            NativeCall.of("sendmmsg", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT));
    private static final MethodHandle MMAP = NativeCall.of(
            "mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    private static final MethodHandle MUNMAP =
            NativeCall.of("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
    private static final MethodHandle WRITE =
            NativeCall.of("write", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle POLL =
            NativeCall.of("poll", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle EVENTFD =
            NativeCall.of("eventfd", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle IOCTL = NativeCall.of(
            "ioctl", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle IF_NAMETOINDEX =
            NativeCall.of("if_nametoindex", FunctionDescriptor.of(JAVA_INT, ADDRESS));

    private static final MethodHandle GETPWUID_R = NativeCall.of(
            "getpwuid_r", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    private static final MethodHandle GETPWNAM_R =
            NativeCall.of("getpwnam_r", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    private static final MethodHandle GETGRNAM_R =
            NativeCall.of("getgrnam_r", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));

    private static final MethodHandle SOCKETPAIR =
            NativeCall.of("socketpair", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));

    /** bpf(2) has no function in glibc; its number is the architecture's (asm/unistd.h). */
    private static final long NR_BPF = switch (System.getProperty("os.arch")) {
        case "amd64", "x86_64" -> 321;
        case "aarch64" -> 280;
        case String other ->
            throw new UnsupportedOperationException("portcullis needs x86-64 or arm64; this is " + other);
    };

    private static final MethodHandle SYSCALL_BPF = NativeCall.of(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT),
            Linker.Option.firstVariadicArg(1));

    /**
     * The numbers of calls that glibc makes for all threads of a process, and the kernel for one (setresuid(2), "C library/kernel
     * differences"; asm/unistd.h).
     */
    private static final boolean IS_ARM = System.getProperty("os.arch").equals("aarch64");

    private static final long NR_SETGROUPS = IS_ARM ? 159 : 116;
    private static final long NR_SETRESUID = IS_ARM ? 147 : 117;
    private static final long NR_SETRESGID = IS_ARM ? 149 : 119;

    private static final MethodHandle SYSCALL_OF_IDS = NativeCall.of(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));

    private Libc() {}

    /** socket(2). A descriptor, or the negated errno. */
    public static int socket(int domain, int type, int protocol) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) SOCKET.invokeExact(state, domain, type, protocol), state);
        } catch (Throwable bug) {
            throw new AssertionError("socket(" + domain + ", " + type + ", " + protocol + ")", bug);
        }
    }

    /** socketpair(2) into two C ints. 0, or the negated errno. */
    public static int socketpair(int domain, int type, int protocol, MemorySegment pair) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) SOCKETPAIR.invokeExact(state, domain, type, protocol, pair), state);
        } catch (Throwable bug) {
            throw new AssertionError("socketpair(" + domain + ", " + type + ", " + protocol + ")", bug);
        }
    }

    /** close(2). 0, or the negated errno; the descriptor is gone either way. */
    public static int close(int fd) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) CLOSE.invokeExact(state, fd), state);
        } catch (Throwable bug) {
            throw new AssertionError("close(" + fd + ")", bug);
        }
    }

    /** bind(2). 0, or the negated errno. */
    public static int bind(int fd, MemorySegment address) {
        MemorySegment state = NativeCall.state();
        try {
            return (int)
                    NativeCall.negated((int) BIND.invokeExact(state, fd, address, (int) address.byteSize()), state);
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
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) GETSOCKNAME.invokeExact(state, fd, address, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("getsockname(" + fd + ")", bug);
        }
    }

    /** setsockopt(2). 0, or the negated errno. */
    public static int setsockopt(int fd, int level, int option, MemorySegment value) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated(
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
        MemorySegment state = NativeCall.state();
        try {
            return (int)
                    NativeCall.negated((int) GETSOCKOPT.invokeExact(state, fd, level, option, value, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("getsockopt(" + fd + ", " + level + ", " + option + ")", bug);
        }
    }

    /** sendto(2). Bytes sent, or the negated errno. */
    public static long sendto(int fd, MemorySegment bytes, int flags, MemorySegment address) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated(
                    (long) SENDTO.invokeExact(
                            state, fd, bytes, bytes.byteSize(), flags, address, (int) address.byteSize()),
                    state);
        } catch (Throwable bug) {
            throw new AssertionError("sendto(" + fd + ", " + bytes.byteSize() + " bytes)", bug);
        }
    }

    /** recv(2). Bytes received (with MSG_TRUNC: that the message had), or the negated errno. */
    public static long recv(int fd, MemorySegment buffer, int flags) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated((long) RECV.invokeExact(state, fd, buffer, buffer.byteSize(), flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("recv(" + fd + ", " + buffer.byteSize() + " bytes)", bug);
        }
    }

    /** recv(2) to an address: as {@link #recv(int, MemorySegment, int)}, without an object. */
    public static long recv(int fd, long address, long length, int flags) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated((long) RECV_AT.invokeExact(state, fd, address, length, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("recv(" + fd + ", " + length + " bytes)", bug);
        }
    }

    /**
     * sendmmsg(2). Messages sent: fewer than {@code count} if the next one was refused; or the negated errno if the first one
     * was.
     *
     * @param messages address of an array of struct mmsghdr
     */
    public static int sendmmsg(int fd, long messages, int count, int flags) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) SENDMMSG.invokeExact(state, fd, messages, count, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("sendmmsg(" + fd + ", " + count + " messages)", bug);
        }
    }

    /** mmap(2). The address, or the negated errno. */
    public static long mmap(long address, long length, int protection, int flags, int fd, long offset) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated(
                    (long) MMAP.invokeExact(state, address, length, protection, flags, fd, offset), state);
        } catch (Throwable bug) {
            throw new AssertionError("mmap(" + fd + ", " + length + " bytes)", bug);
        }
    }

    /** munmap(2). 0, or the negated errno. */
    public static int munmap(long address, long length) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) MUNMAP.invokeExact(state, address, length), state);
        } catch (Throwable bug) {
            throw new AssertionError("munmap(" + length + " bytes)", bug);
        }
    }

    /** write(2). Bytes written, or the negated errno. */
    public static long write(int fd, MemorySegment bytes) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated((long) WRITE.invokeExact(state, fd, bytes, bytes.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("write(" + fd + ", " + bytes.byteSize() + " bytes)", bug);
        }
    }

    /**
     * poll(2) for input on two descriptors.
     *
     * @param timeoutMs milliseconds; negative: no limit
     * @return 0 after the timeout; else bit 0 for the first and bit 1 for the second descriptor, set if it has input, an error
     * or a hang-up; or the negated errno
     */
    public static int poll(int first, int second, int timeoutMs) {
        MemorySegment state = NativeCall.state();
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd: int fd, short events, short revents
            MemorySegment fds = arena.allocate(16, 4);
            fds.set(JAVA_INT, 0, first);
            fds.set(JAVA_SHORT, 4, POLLIN);
            fds.set(JAVA_INT, 8, second);
            fds.set(JAVA_SHORT, 12, POLLIN);
            int n = (int) NativeCall.negated((int) POLL.invokeExact(state, fds, 2L, timeoutMs), state);
            return n <= 0 ? n : (fds.get(JAVA_SHORT, 6) != 0 ? 1 : 0) | (fds.get(JAVA_SHORT, 14) != 0 ? 2 : 0);
        } catch (Throwable bug) {
            throw new AssertionError("poll(" + first + ", " + second + ", " + timeoutMs + ")", bug);
        }
    }

    /** eventfd(2). A descriptor, or the negated errno. */
    public static int eventfd(int initial, int flags) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) EVENTFD.invokeExact(state, initial, flags), state);
        } catch (Throwable bug) {
            throw new AssertionError("eventfd(" + initial + ", " + flags + ")", bug);
        }
    }

    /** ioctl(2) with a pointer. 0 or more, or the negated errno. */
    public static int ioctl(int fd, long request, MemorySegment argument) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) IOCTL.invokeExact(state, fd, request, argument), state);
        } catch (Throwable bug) {
            throw new AssertionError("ioctl(" + fd + ", 0x" + Long.toHexString(request) + ")", bug);
        }
    }

    /** if_nametoindex(3). The index, or the negated errno (C: 0 with errno set). */
    public static int if_nametoindex(MemorySegment name) {
        MemorySegment state = NativeCall.state();
        try {
            int index = (int) IF_NAMETOINDEX.invokeExact(state, name);
            return index != 0 ? index : (int) NativeCall.negated(-1, state);
        } catch (Throwable bug) {
            throw new AssertionError("if_nametoindex", bug);
        }
    }

    /** bpf(2) with a union bpf_attr. 0 or a descriptor, or the negated errno. */
    public static int bpf(int command, MemorySegment attributes) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated(
                    (long) SYSCALL_BPF.invokeExact(state, NR_BPF, command, attributes, (int) attributes.byteSize()),
                    state);
        } catch (Throwable bug) {
            throw new AssertionError("bpf(" + command + ")", bug);
        }
    }

    /**
     * getpwuid_r(3): asks the sources of nsswitch.conf(5), which may wait for a network. 0, or the negated errno.
     *
     * @param entry receives a struct passwd, whose pointers lead into {@code buffer}
     * @param found a pointer: out, {@code entry}, or null where there is no such user
     */
    public static int getpwuid_r(int uid, MemorySegment entry, MemorySegment buffer, MemorySegment found) {
        MemorySegment state = NativeCall.state();
        try {
            return -(int) GETPWUID_R.invokeExact(state, uid, entry, buffer, buffer.byteSize(), found);
        } catch (Throwable bug) {
            throw new AssertionError("getpwuid_r(" + uid + ")", bug);
        }
    }

    /** setgroups(2) of the calling thread alone: none. 0, or the negated errno. */
    public static int setNoGroups() {
        return ofIds(NR_SETGROUPS, 0, 0, 0);
    }

    /** setresgid(2) of the calling thread alone: all three. 0, or the negated errno. */
    public static int setresgid(int gid) {
        return ofIds(NR_SETRESGID, gid, gid, gid);
    }

    /** setresuid(2) of the calling thread alone: all three. 0, or the negated errno. */
    public static int setresuid(int uid) {
        return ofIds(NR_SETRESUID, uid, uid, uid);
    }

    private static int ofIds(long call, long one, long two, long three) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((long) SYSCALL_OF_IDS.invokeExact(state, call, one, two, three), state);
        } catch (Throwable bug) {
            throw new AssertionError("system call " + call, bug);
        }
    }

    /** getpwnam_r(3): as {@link #getpwuid_r}. */
    public static int getpwnam_r(MemorySegment name, MemorySegment entry, MemorySegment buffer, MemorySegment found) {
        MemorySegment state = NativeCall.state();
        try {
            return -(int) GETPWNAM_R.invokeExact(state, name, entry, buffer, buffer.byteSize(), found);
        } catch (Throwable bug) {
            throw new AssertionError("getpwnam_r", bug);
        }
    }

    /** getgrnam_r(3) of a struct group: as {@link #getpwuid_r}. */
    public static int getgrnam_r(MemorySegment name, MemorySegment entry, MemorySegment buffer, MemorySegment found) {
        MemorySegment state = NativeCall.state();
        try {
            return -(int) GETGRNAM_R.invokeExact(state, name, entry, buffer, buffer.byteSize(), found);
        } catch (Throwable bug) {
            throw new AssertionError("getgrnam_r", bug);
        }
    }
}
