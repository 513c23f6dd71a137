package io.portcullis.linux.user;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.util.Optional;

/** The users of this host, from the sources of nsswitch.conf(5). */
public final class Users {
    // struct passwd of glibc, 64 bits (pwd.h)
    private static final int PASSWD_LENGTH = 48;
    private static final int PW_NAME = 0;

    private Users() {}

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
