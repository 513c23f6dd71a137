package io.portcullis.linux.user;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Names and numbers as {@code /etc/passwd} and {@code /etc/group} of this host have them. */
final class UsersTest {
    @Test
    void everyUserOfTheFileHasItsName() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/etc/passwd"));
        assertTrue(lines.size() > 5);
        for (String line : lines) {
            String[] fields = line.split(":", -1);
            // Two names may have one number: the first one counts.
            String first = lines.stream()
                    .filter(other -> other.split(":", -1)[2].equals(fields[2]))
                    .findFirst()
                    .orElseThrow()
                    .split(":", -1)[0];
            assertEquals(Optional.of(first), Users.name(Integer.parseUnsignedInt(fields[2])), line);
        }
        assertEquals(Optional.of("root"), Users.name(0));
    }

    @Test
    void anUnknownUserHasNoName() throws IOException {
        assertEquals(Optional.empty(), Users.name(3_141_592));
        assertEquals(Optional.empty(), Users.name(SocketPeer.NOBODY));
    }

    @Test
    void everyUserOfTheFileHasItsNumbers() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/etc/passwd"));
        assertTrue(lines.size() > 5);
        for (String line : lines) {
            String[] fields = line.split(":", -1);
            assertEquals(
                    Optional.of(
                            new Users.Ids(Integer.parseUnsignedInt(fields[2]), Integer.parseUnsignedInt(fields[3]))),
                    Users.ids(fields[0]),
                    line);
        }
        for (String none : List.of("pc-no-such-user", "0", "", "root:x")) {
            assertEquals(Optional.empty(), Users.ids(none), none);
        }
    }

    @Test
    void everyGroupOfTheFileHasItsNumber() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/etc/group"));
        assertTrue(lines.size() > 5);
        for (String line : lines) {
            String[] fields = line.split(":", -1);
            assertEquals(OptionalInt.of(Integer.parseUnsignedInt(fields[2])), Groups.number(fields[0]), line);
        }
    }

    @Test
    void anUnknownGroupHasNoNumber() throws IOException {
        for (String none : List.of("pc-no-such-group", "0", "", "root:x", "a".repeat(5_000))) {
            assertEquals(OptionalInt.empty(), Groups.number(none), none);
        }
    }

    @Test
    void aLongEntryGetsALongerBufferWithinBounds() throws IOException {
        AtomicInteger calls = new AtomicInteger();
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(Optional.empty(), NameLookup.find("call", 8, arena, (_, buffer, _) -> {
                calls.incrementAndGet();
                return buffer.byteSize() < 100_000 ? -Errno.ERANGE : 0;
            }));
            assertEquals(5, calls.get());
            ErrnoException endless = assertThrows(
                    ErrnoException.class, () -> NameLookup.find("call", 8, arena, (_, _, _) -> -Errno.ERANGE));
            assertEquals("call: ERANGE (Numerical result out of range)", endless.getMessage());
            ErrnoException refused = assertThrows(
                    ErrnoException.class, () -> NameLookup.find("call", 8, arena, (_, _, _) -> -Errno.EACCES));
            assertEquals(Errno.EACCES, refused.errno());
            assertEquals(Optional.empty(), NameLookup.find("call", 8, arena, (_, _, _) -> -Errno.ENOENT));
        }
    }
}
