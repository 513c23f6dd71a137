package io.portcullis.linux.user;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** This process is at both ends of a socket: the peer's data are those of {@code /proc}. */
final class SocketPeerTest {
    private static final Path STATUS = Path.of("/proc/self/status");

    private static String[] status(String key) throws IOException {
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith(key + ":"))
                .findFirst()
                .orElseThrow()
                .substring(key.length() + 1)
                .strip()
                .split("\\s+", -1);
    }

    @Test
    void theDataOfAProcessAreThoseOfTheKernel() throws IOException {
        SocketPeer self;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pair = arena.allocate(JAVA_INT, 2);
            assertEquals(0, Libc.socketpair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair));
            self = SocketPeer.of(pair.getAtIndex(JAVA_INT, 0));
            Libc.close(pair.getAtIndex(JAVA_INT, 0));
            Libc.close(pair.getAtIndex(JAVA_INT, 1));
        }
        assertEquals(ProcessHandle.current().pid(), self.pid());
        assertEquals(Integer.parseUnsignedInt(status("Uid")[1]), self.uid());
        assertEquals(Integer.parseUnsignedInt(status("Gid")[1]), self.gid());
        Set<Integer> groups = Arrays.stream(status("Groups"))
                .filter(each -> !each.isEmpty())
                .map(Integer::parseUnsignedInt)
                .collect(Collectors.toSet());
        assertEquals(groups, self.groups());
        assertTrue(self.isTrusted());
        assertTrue(self.isMember(self.gid()));
        assertFalse(self.isMember(3_141_592));
    }

    @Test
    void anotherKindOfSocketHasNoPeer() {
        assertThrows(ErrnoException.class, () -> SocketPeer.of(-1));
        assertFalse(SocketPeer.UNKNOWN.isTrusted());
        assertFalse(SocketPeer.UNKNOWN.isMember(SocketPeer.NOBODY));
    }

    @Test
    void theLoginUidIsReadOrNotKnown() throws IOException {
        Path file = Path.of("/proc/self/loginuid");
        int expected = Files.exists(file)
                ? Integer.parseUnsignedInt(Files.readString(file).strip())
                : SocketPeer.NOBODY;
        assertEquals(expected, LoginUid.of((int) ProcessHandle.current().pid()));
        assertEquals(SocketPeer.NOBODY, LoginUid.of(0));
        assertEquals(SocketPeer.NOBODY, LoginUid.of(Integer.MAX_VALUE));
    }
}
