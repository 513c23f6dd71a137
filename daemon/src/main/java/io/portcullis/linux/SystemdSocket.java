package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Messages of a service to systemd and its journal: one datagram for each. sd_notify(3), systemd-journald.service(8), unix(7). */
public final class SystemdSocket {
    /** Bytes of sockaddr_un.sun_path. */
    private static final int SUN_PATH_LENGTH = 108;

    private static final int SOL_SOCKET = 1;

    /** socket(7): longest wait for space in the receiver's queue; a struct timeval. */
    private static final int SO_SNDTIMEO = 21;

    private static final long LONGEST_WAIT_S = 1;

    private SystemdSocket() {}

    /** As {@link #send(String, byte[])}, of lines such as {@code READY=1}. */
    public static void send(String socketAddress, String message) throws ErrnoException {
        send(socketAddress, message.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Sends one message. Waits at most a second while the receiver's queue is full.
     *
     * @param socketAddress as the value of NOTIFY_SOCKET: an absolute path, or {@code @} and an abstract name
     * @throws ErrnoException EAFNOSUPPORT: neither path nor {@code @}; ENAMETOOLONG: longer than a socket address; ENOENT,
     * ECONNREFUSED: no receiver; EAGAIN: the receiver does not read; EMSGSIZE: longer than a datagram
     */
    public static void send(String socketAddress, byte[] message) throws ErrnoException {
        String call = "sendto(" + socketAddress + ")";
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, socketAddress, call);
            MemorySegment payload = arena.allocateFrom(JAVA_BYTE, message);
            int fd = (int) ErrnoException.check(
                    Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0), "socket(AF_UNIX, SOCK_DGRAM)");
            try {
                MemorySegment wait = arena.allocate(16, 8);
                wait.set(JAVA_LONG, 0, LONGEST_WAIT_S);
                ErrnoException.check(Libc.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, wait), "setsockopt(SO_SNDTIMEO)");
                long sent = Libc.sendto(fd, payload, Libc.MSG_NOSIGNAL, address);
                while (sent == -Errno.EINTR) {
                    sent = Libc.sendto(fd, payload, Libc.MSG_NOSIGNAL, address);
                }
                ErrnoException.check(sent, call);
            } finally {
                Libc.close(fd);
            }
        }
    }

    /** struct sockaddr_un: family, path. An abstract name starts with NUL and ends with the address. */
    static MemorySegment address(Arena arena, String socketAddress, String call) throws ErrnoException {
        boolean isAbstract = socketAddress.startsWith("@");
        if (!(isAbstract || socketAddress.startsWith("/")) || socketAddress.length() < 2) {
            throw new ErrnoException(call, Errno.EAFNOSUPPORT);
        }
        byte[] path = socketAddress.getBytes(StandardCharsets.UTF_8);
        int length = isAbstract ? path.length : path.length + 1;
        if (length > SUN_PATH_LENGTH) {
            throw new ErrnoException(call, Errno.ENAMETOOLONG);
        }
        MemorySegment address = arena.allocate(2 + length, 2);
        address.set(JAVA_SHORT, 0, (short) Libc.AF_UNIX);
        MemorySegment.copy(path, 0, address, JAVA_BYTE, 2, path.length);
        if (isAbstract) {
            address.set(JAVA_BYTE, 2, (byte) 0);
        }
        return address;
    }

    /** CLOCK_MONOTONIC in microseconds: the value of MONOTONIC_USEC= beside RELOADING=1. */
    public static long monotonicUsec() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment timespec = arena.allocate(16, 8);
            ErrnoException.check(
                    LibcProcess.clock_gettime(LibcProcess.CLOCK_MONOTONIC, timespec), "clock_gettime(CLOCK_MONOTONIC)");
            return timespec.get(JAVA_LONG, 0) * 1_000_000 + timespec.get(JAVA_LONG, 8) / 1_000;
        }
    }
}
