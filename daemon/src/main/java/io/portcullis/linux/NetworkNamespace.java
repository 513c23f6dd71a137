package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/** The network namespace of the calling thread. */
public final class NetworkNamespace {
    private static final int SOL_SOCKET = 1;

    /** Linux 5.14. */
    private static final int SO_NETNS_COOKIE = 71;

    /** Of the namespace that the kernel creates at boot. */
    private static final long INITIAL = 1;

    /** Its inode (PROC_NET_INIT_INO, include/linux/proc_ns.h), for kernels without the cookie. */
    private static final long INITIAL_INODE = 4026531840L;

    private NetworkNamespace() {}

    /**
     * A number that no other namespace has had since boot; before Linux 5.14 the namespace's inode, which another one may get
     * later.
     */
    public static long number() throws IOException {
        int fd = (int) ErrnoException.check(
                Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0), "socket(AF_UNIX, SOCK_DGRAM)");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cookie = arena.allocate(JAVA_LONG);
            int refused =
                    Libc.getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, arena.allocateFrom(JAVA_INT, Long.BYTES));
            return refused < 0 ? inode() : cookie.get(JAVA_LONG, 0);
        } finally {
            Libc.close(fd);
        }
    }

    /** True: the machine's initial namespace. */
    public static boolean isInitial() throws IOException {
        long number = number();
        return number == INITIAL || number == INITIAL_INODE;
    }

    private static long inode() throws IOException {
        return (long) Files.getAttribute(Path.of("/proc/thread-self/ns/net"), "unix:ino");
    }
}
