package io.portcullis.linux.user;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The users of this host, from the sources of nsswitch.conf(5). */
public final class Users {
    // struct passwd of glibc, 64 bits (pwd.h)
    private static final int PASSWD_LENGTH = 48;
    private static final int PW_NAME = 0;
    private static final int PW_UID = 16;
    private static final int PW_GID = 20;

    /**
     * A user's numbers, 32 bits without sign.
     *
     * @param group the user's own
     */
    public record Ids(int user, int group) {}

    private Users() {}

    /**
     * The numbers of a user; empty: this host has none of that name. It may wait for a network (LDAP, sssd): not for an event loop.
     *
     * @throws ErrnoException if no source could be asked
     */
    public static Optional<Ids> ids(String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocateFrom(name);
            return NameLookup.find(
                            "getpwnam_r",
                            PASSWD_LENGTH,
                            arena,
                            (entry, buffer, found) -> Libc.getpwnam_r(text, entry, buffer, found))
                    .map(entry -> new Ids(
                            entry.struct().get(JAVA_INT, PW_UID), entry.struct().get(JAVA_INT, PW_GID)));
        }
    }

    /**
     * The name of a user; empty: there is none of that number. It may wait for a network (LDAP, sssd): not for an event loop.
     *
     * @param uid 32 bits without sign
     * @throws ErrnoException if no source could be asked
     */
    public static Optional<String> name(int uid) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return NameLookup.find(
                            "getpwuid_r",
                            PASSWD_LENGTH,
                            arena,
                            (entry, buffer, found) -> Libc.getpwuid_r(uid, entry, buffer, found))
                    .map(entry -> entry.text(PW_NAME))
                    .filter(name -> !name.isEmpty());
        }
    }
}
