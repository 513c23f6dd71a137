package io.portcullis.linux.user;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalInt;

/** The groups of this host, from the sources of nsswitch.conf(5). */
public final class Groups {
    // struct group of glibc, 64 bits (grp.h)
    private static final int GROUP_LENGTH = 32;
    private static final int GR_GID = 16;

    private Groups() {}

    /**
     * The number of a group, 32 bits without sign; empty: this host has none of that name. It may wait for a network (LDAP, sssd): not
     * for an event loop.
     *
     * @throws ErrnoException if no source could be asked
     */
    public static OptionalInt number(String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            return NameLookup.find(
                            "getgrnam_r",
                            GROUP_LENGTH,
                            arena,
                            (entry, buffer, found) -> Libc.getgrnam_r(text, entry, buffer, found))
                    .map(entry -> OptionalInt.of(entry.struct().get(JAVA_INT, GR_GID)))
                    .orElse(OptionalInt.empty());
        }
    }
}
