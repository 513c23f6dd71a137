package io.portcullis.linux.user;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.OwnedFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process at the other end of a connected Unix socket, as it was when it connected (unix(7)).
 *
 * @param uid its effective user, 32 bits without sign; {@link #NOBODY}: not known
 * @param gid its effective group, 32 bits without sign
 * @param groups its supplementary groups; none before Linux 4.13
 * @param pid in the PID namespace of this process; 0: it is in another one
 * @param loginUid of its login session; {@link #NOBODY}: none, or not known
 */
public record SocketPeer(int uid, int gid, Set<Integer> groups, int pid, int loginUid) {
    /** No user: 4294967295, which no process has. */
    public static final int NOBODY = -1;

    /** What is known of a process that the kernel does not tell of: it is nobody. */
    public static final SocketPeer UNKNOWN = new SocketPeer(NOBODY, NOBODY, Set.of(), 0, NOBODY);

    private static final Logger LOG = LoggerFactory.getLogger(SocketPeer.class);

    // include/uapi/asm-generic/socket.h
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SO_PEERGROUPS = 59;

    /** struct ucred: pid, uid, gid. */
    private static final int UCRED_LENGTH = 12;

    /** NGROUPS_MAX of include/uapi/linux/limits.h. */
    private static final int MOST_GROUPS = 65_536;

    private static final int FEW_GROUPS = 64;
    private static final int ROOT = 0;

    public SocketPeer {
        groups = Set.copyOf(groups);
    }

    /**
     * The process that connected to a socket of this process. Does not wait.
     *
     * @param fd of an accepted connection
     * @throws ErrnoException if it is no connected Unix socket
     */
    public static SocketPeer of(int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ucred = arena.allocate(JAVA_INT, UCRED_LENGTH / Integer.BYTES);
            ErrnoException.check(
                    Libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ucred, arena.allocateFrom(JAVA_INT, UCRED_LENGTH)),
                    "getsockopt(SO_PEERCRED)");
            int pid = ucred.getAtIndex(JAVA_INT, 0);
            return new SocketPeer(
                    ucred.getAtIndex(JAVA_INT, 1),
                    ucred.getAtIndex(JAVA_INT, 2),
                    groups(fd, arena),
                    pid,
                    LoginUid.of(pid));
        }
    }

    private static Set<Integer> groups(int fd, Arena arena) {
        MemorySegment length = arena.allocate(JAVA_INT);
        for (int room = FEW_GROUPS; room <= MOST_GROUPS; room = length.get(JAVA_INT, 0) / Integer.BYTES) {
            MemorySegment ids = arena.allocate(JAVA_INT, room);
            length.set(JAVA_INT, 0, room * Integer.BYTES);
            int result = Libc.getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ids, length);
            if (result == 0) {
                Set<Integer> groups = new HashSet<>();
                for (int i = 0; i < length.get(JAVA_INT, 0) / Integer.BYTES; i++) {
                    groups.add(ids.getAtIndex(JAVA_INT, i));
                }
                return groups;
            }
            if (result != -Errno.ERANGE) {
                LOG.debug("a peer's groups are not known: {}", Errno.name(-result));
                return Set.of();
            }
            // Too small: the kernel has written how many bytes it takes, which does not change any more.
        }
        return Set.of();
    }

    /** True: it runs as root, or as the user of this process. */
    public boolean isTrusted() {
        return uid == ROOT || uid == OwnedFile.user();
    }

    /** True if that group is its own or a supplementary one. */
    public boolean isMember(int group) {
        return uid != NOBODY && (gid == group || groups.contains(group));
    }
}
