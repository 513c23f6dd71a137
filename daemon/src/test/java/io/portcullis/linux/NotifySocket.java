package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** The socket of a service manager, for tests: receives the messages of {@link SystemdSocket}. */
public final class NotifySocket implements AutoCloseable {
    private static final int LONGEST_MESSAGE = 4096;

    private final int fd;

    private NotifySocket(int fd) {
        this.fd = fd;
    }

    /** The value of NOTIFY_SOCKET: a path, or {@code @} and an abstract name. */
    public static NotifySocket bind(String socketAddress) throws ErrnoException {
        int fd = (int) ErrnoException.check(
                Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0), "socket(AF_UNIX, SOCK_DGRAM)");
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(
                    Libc.bind(fd, SystemdSocket.address(arena, socketAddress, "bind")), "bind(" + socketAddress + ")");
        }
        return new NotifySocket(fd);
    }

    /** The next message that has come; empty where there is none. */
    public String heard() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(LONGEST_MESSAGE);
            long length = Libc.recv(fd, buffer, Libc.MSG_DONTWAIT);
            if (length == -Errno.EAGAIN) {
                return "";
            }
            ErrnoException.check(length, "recv");
            return new String(buffer.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        }
    }

    @Override
    public void close() {
        Libc.close(fd);
    }
}
