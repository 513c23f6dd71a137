package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A NIC that one process at a time may take: a Unix socket with an abstract name (unix(7)), which belongs to the network
 * namespace and goes with the process, however that ends. A second one has the owner's words in its name.
 */
public final class NicClaim implements AutoCloseable {
    private static final String PREFIX = "portcullis/nic/";

    /** sun_path of sockaddr_un. */
    private static final int LONGEST_NAME = 107;

    private static final Path SOCKETS = Path.of("/proc/thread-self/net/unix");

    private final List<Integer> fds;

    private NicClaim(List<Integer> fds) {
        this.fds = fds;
    }

    /**
     * Takes a NIC.
     *
     * @param owner for people
     * @return empty where another process has it: {@link #owner} tells which
     */
    public static Optional<NicClaim> take(Nic nic, String owner) throws ErrnoException {
        int fd = bind(PREFIX + nic.index());
        if (fd == -Errno.EADDRINUSE) {
            return Optional.empty();
        }
        ErrnoException.check(fd, "bind(AF_UNIX, @" + PREFIX + nic.index() + ")");
        int words = bind(PREFIX + nic.index() + " " + owner);
        return Optional.of(new NicClaim(words < 0 ? List.of(fd) : List.of(fd, words)));
    }

    private static int bind(String name) {
        int fd = Libc.socket(Libc.AF_UNIX, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        if (fd < 0) {
            return fd;
        }
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(bytes.length, LONGEST_NAME);
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_un: family, then a zero and the name
            MemorySegment address = arena.allocate(2 + 1 + (long) length, 2);
            address.set(JAVA_SHORT, 0, (short) Libc.AF_UNIX);
            MemorySegment.copy(bytes, 0, address, JAVA_BYTE, 3, length);
            int refused = Libc.bind(fd, address);
            if (refused < 0) {
                Libc.close(fd);
                return refused;
            }
            return fd;
        }
    }

    /** The words of who has it; empty where nobody has. */
    public static Optional<String> owner(Nic nic) throws IOException {
        String start = "@" + PREFIX + nic.index() + " ";
        return Files.readAllLines(SOCKETS, StandardCharsets.ISO_8859_1).stream()
                .filter(line -> line.contains(start))
                .map(line -> line.substring(line.indexOf(start) + start.length()))
                .map(text -> new String(text.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
                .findFirst();
    }

    /** Gives it back. Once. */
    @Override
    public void close() {
        fds.forEach(Libc::close);
    }
}
