package io.portcullis.linux.user;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** A reentrant lookup of the C library, with a buffer of the length that the entry takes (getpwnam(3), getgrnam(3)). */
final class NameLookup {
    private static final int SHORTEST_BUFFER = 1 << 10;
    private static final int LONGEST_BUFFER = 1 << 20;

    private NameLookup() {}

    /** getpwuid_r(3) or getgrnam_r(3) of one name or number: 0, or the negated errno. */
    @FunctionalInterface
    interface Call {
        int into(MemorySegment entry, MemorySegment buffer, MemorySegment found);
    }

    /** A struct that was found, and the buffer that its pointers lead into. */
    record Entry(MemorySegment struct, MemorySegment buffer) {
        /** The text that a pointer of the struct leads to; empty where that is not in the buffer. */
        String text(long offset) {
            long at = struct.get(ADDRESS, offset).address() - buffer.address();
            return at < 0 || at >= buffer.byteSize() ? "" : buffer.getString(at);
        }
    }

    /**
     * Makes the call.
     *
     * @param function its name, for the error
     * @param length bytes of the struct
     * @param arena where the entry is, if there is one
     * @throws ErrnoException if no source could be asked, or an entry has more than 1 MiB
     */
    static Optional<Entry> find(String function, int length, Arena arena, Call call) throws ErrnoException {
        MemorySegment struct = arena.allocate(length, Long.BYTES);
        MemorySegment found = arena.allocate(ADDRESS);
        for (int size = SHORTEST_BUFFER; size <= LONGEST_BUFFER; size *= 4) {
            MemorySegment buffer = arena.allocate(size, Long.BYTES);
            found.set(ADDRESS, 0, MemorySegment.NULL);
            int errno = -call.into(struct, buffer, found);
            switch (errno) {
                case 0 -> {
                    return found.get(ADDRESS, 0).equals(MemorySegment.NULL)
                            ? Optional.empty()
                            : Optional.of(new Entry(struct, buffer));
                }
                // getpwnam(3), ERRORS: so some sources say that they have no such name or number.
                case Errno.ENOENT, Errno.ESRCH -> {
                    return Optional.empty();
                }
                case Errno.ERANGE, Errno.EINTR -> {
                    // Once more: with a longer buffer, or after a signal.
                }
                default -> throw new ErrnoException(function, errno);
            }
        }
        throw new ErrnoException(function, Errno.ERANGE);
    }
}
