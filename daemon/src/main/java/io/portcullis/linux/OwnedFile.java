package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The text, the owner and the permissions of a file that controls the daemon, all read from the same open file. A symbolic link, a pipe or a file
 * that is too long is refused.
 *
 * @param owner number of the user
 * @param permissions the lowest twelve bits of its mode (inode(7))
 * @param text content, UTF-8
 */
public record OwnedFile(int owner, int permissions, String text) {
    private static final int KIND = 0170000;
    private static final int REGULAR = 0100000;
    private static final int PERMISSIONS = 07777;
    private static final int OF_OTHERS = 0077;

    /**
     * Reads a file.
     *
     * @param most longest content in bytes
     * @throws NoSuchFileException if there is none
     * @throws IOException if it can't be opened, or is refused: the message says why
     */
    public static OwnedFile read(Path file, int most) throws IOException {
        int fd;
        try {
            fd = open(file, LibcFiles.O_NONBLOCK);
        } catch (ErrnoException refused) {
            if (refused.errno() == Errno.ENOENT) {
                throw new NoSuchFileException(file.toString());
            }
            throw refused;
        }
        try {
            Path opened = opened(fd);
            int mode = mode(opened);
            if ((mode & KIND) != REGULAR) {
                throw new FileSystemException(file.toString(), null, "not a regular file");
            }
            int owner = (int) Files.getAttribute(opened, "unix:uid");
            try (InputStream in = Files.newInputStream(opened)) {
                byte[] bytes = in.readNBytes(most + 1);
                if (bytes.length > most) {
                    throw new FileSystemException(file.toString(), null, "longer than " + most + " bytes");
                }
                return new OwnedFile(owner, mode & PERMISSIONS, new String(bytes, StandardCharsets.UTF_8));
            }
        } finally {
            Libc.close(fd);
        }
    }

    /**
     * Reads a file that belongs to root or to the user of this process.
     *
     * @param most longest content in bytes
     * @throws NoSuchFileException if there is none
     * @throws IOException as {@link #read}, or if it belongs to another user
     */
    public static OwnedFile trusted(Path file, int most) throws IOException {
        OwnedFile read = read(file, most);
        if (!read.isTrusted()) {
            throw new FileSystemException(
                    file.toString(),
                    null,
                    "belongs to user " + Integer.toUnsignedString(read.owner)
                            + ", and must belong to root or to user " + Integer.toUnsignedString(user())
                            + ", which runs this: chown it");
        }
        return read;
    }

    /**
     * Reads a file with secrets: nobody but its owner and root may read it.
     *
     * @param most longest content in bytes
     * @param systemd the folder in which systemd keeps the service's credentials ($CREDENTIALS_DIRECTORY, systemd.exec(5)): it guards
     *     their permissions by means of its own; empty: none
     * @throws NoSuchFileException if there is none
     * @throws IOException as {@link #trusted}, or if others may read it
     */
    public static OwnedFile secret(Path file, int most, Optional<Path> systemd) throws IOException {
        OwnedFile read = trusted(file, most);
        if (!read.isPrivate() && !isIn(file, systemd)) {
            throw new FileSystemException(
                    file.toString(),
                    null,
                    String.format(
                            "may be read by others than its owner (mode %04o), and has secrets: chmod 600, and replace the keys"
                                    + " if others could read them",
                            read.permissions));
        }
        return read;
    }

    private static boolean isIn(Path file, Optional<Path> folder) {
        Path normal = file.toAbsolutePath().normalize();
        return folder.isPresent()
                && folder.get().isAbsolute()
                && folder.get().normalize().equals(normal.getParent());
    }

    /** True: it belongs to root or to the user of this process, and may be trusted. */
    public boolean isTrusted() {
        return owner == 0 || owner == user();
    }

    /** True: no user but the owner, and root, may read or write it. An access control list would show as the group's permissions (acl(5)). */
    public boolean isPrivate() {
        return (permissions & OF_OTHERS) == 0;
    }

    /** Number of the user of this process. */
    public static int user() {
        return LibcFiles.geteuid();
    }

    /** Without its text, which may be secret. */
    @Override
    public String toString() {
        return String.format("a file of user %s, mode %04o", Integer.toUnsignedString(owner), permissions);
    }

    private static int mode(Path opened) throws IOException {
        return (int) Files.getAttribute(opened, "unix:mode");
    }

    /** The open file of a descriptor, even if its name leads to another file now. */
    static Path opened(int fd) {
        return Path.of("/proc/self/fd/" + fd);
    }

    /** open(2), for reading unless a flag says otherwise; fails at a symbolic link. The caller closes the descriptor. */
    static int open(Path file, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return (int) ErrnoException.check(
                    LibcFiles.open(path(arena, file), flags | LibcFiles.O_CLOEXEC | LibcFiles.O_NOFOLLOW, 0600),
                    "open(" + file + ")");
        }
    }

    /** The path as a C string. */
    public static MemorySegment path(Arena arena, Path file) {
        byte[] bytes = file.toString().getBytes(StandardCharsets.UTF_8);
        MemorySegment path = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, path, JAVA_BYTE, 0, bytes.length);
        return path;
    }

    /**
     * Exchanges the names of two files, atomically (renameat2(2), RENAME_EXCHANGE).
     *
     * @throws ErrnoException EINVAL, ENOSYS: not supported by the file system
     */
    public static void exchange(Path one, Path other) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            ErrnoException.check(
                    LibcFiles.renameat2(path(arena, one), path(arena, other), LibcFiles.RENAME_EXCHANGE),
                    "renameat2(" + one + ", " + other.getFileName() + ")");
        }
    }
}
