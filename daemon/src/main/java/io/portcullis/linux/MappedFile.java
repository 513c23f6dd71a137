package io.portcullis.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A file that is mapped as a whole, shared: what is written there is the file's at once, and stays when the process ends
 * without notice. Its space is reserved before it is mapped (fallocate(2)), so that no access to it can fail later: a page
 * that a full tmpfs cannot give would be a SIGBUS. A page of it becomes resident when it is first used, which takes a
 * microsecond, so that a table for a million flows with a few in it takes little. The mapping goes with its arena.
 */
public final class MappedFile {
    /** Of a file's mode (inode(7)): what kind it is, a regular one, and who else may write. */
    private static final int KIND = 0170000;

    private static final int REGULAR = 0100000;
    private static final int WRITABLE_BY_OTHERS = 0022;

    private MappedFile() {}

    /**
     * Makes a file of zeroes, for its owner alone, and maps it.
     *
     * @throws ErrnoException where it is there already (EEXIST), there is no room (ENOSPC), or something else is in the way
     */
    public static MemorySegment create(Path file, long bytes) throws ErrnoException {
        int fd = open(file, LibcFiles.O_RDWR | LibcFiles.O_CREAT | LibcFiles.O_EXCL);
        try {
            return map(fd, file, bytes, Arena.ofAuto());
        } finally {
            Libc.close(fd);
        }
    }

    /**
     * Maps a file that is there. Nobody else can make it shorter while it is in use, which would be a SIGBUS: it is a regular
     * file of one name, of an owner who is trusted, and others may not write to it.
     *
     * @param owners numbers of the users whose file it may be
     * @throws IOException where it is another's, or not such a file; the message says which and why
     */
    public static MemorySegment open(Path file, Set<Integer> owners, Arena arena) throws IOException {
        int fd = open(file, LibcFiles.O_RDWR);
        try {
            // What has been opened, whatever has the name now.
            Map<String, Object> opened =
                    Files.readAttributes(Path.of("/proc/self/fd", Integer.toString(fd)), "unix:uid,mode,nlink,size");
            int mode = (int) number(opened, "mode");
            if ((mode & KIND) != REGULAR || number(opened, "nlink") != 1) {
                throw new IOException(file + ": not a regular file of one name");
            }
            int owner = (int) number(opened, "uid");
            if (!owners.contains(owner)) {
                throw new IOException(file + ": belongs to user " + owner);
            }
            if ((mode & WRITABLE_BY_OTHERS) != 0) {
                throw new IOException(
                        String.format("%s: may be written by others than its owner (mode %04o)", file, mode & 07777));
            }
            long bytes = number(opened, "size");
            if (bytes == 0) {
                throw new IOException(file + ": empty");
            }
            return map(fd, file, bytes, arena);
        } finally {
            Libc.close(fd);
        }
    }

    private static long number(Map<String, Object> attributes, String name) {
        return ((Number) Objects.requireNonNull(attributes.get(name), name)).longValue();
    }

    /**
     * Memory of zeroes without a file, which ends with the process.
     *
     * @throws ErrnoException ENOMEM where there is not so much
     */
    public static MemorySegment anonymous(long bytes) throws ErrnoException {
        int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS;
        long address = ErrnoException.check(
                Libc.mmap(0, bytes, Libc.PROT_READ_WRITE, flags, -1, 0), "mmap(" + bytes + " bytes)");
        return segment(address, bytes, Arena.ofAuto());
    }

    /**
     * What was read of a mapped file is not resident any more, until it is used again; the file stays as it is.
     *
     * @param memory as {@link #create} or {@link #open} gave it: of {@link #anonymous} memory the content would be lost
     */
    public static void letGo(MemorySegment memory) throws ErrnoException {
        ErrnoException.check(
                LibcFiles.madvise(memory.address(), memory.byteSize(), LibcFiles.MADV_DONTNEED), "madvise(MADV_DONTNEED)");
    }

    /**
     * Gives the room of a file back at once, before it is removed: as long as it is mapped somewhere, removing it would not. Who
     * has it mapped sees zeroes.
     *
     * @throws ErrnoException EOPNOTSUPP where its file system can't; or it can't be opened
     */
    public static void giveBack(Path file, long bytes) throws ErrnoException {
        int fd = open(file, LibcFiles.O_RDWR);
        try {
            ErrnoException.check(
                    LibcFiles.fallocate(fd, LibcFiles.FALLOC_FL_PUNCH_HOLE, 0, bytes),
                    "fallocate(" + file + ", FALLOC_FL_PUNCH_HOLE)");
        } finally {
            Libc.close(fd);
        }
    }

    private static int open(Path file, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return (int) ErrnoException.check(
                    LibcFiles.open(arena.allocateFrom(file.toString()), flags | LibcFiles.O_CLOEXEC | LibcFiles.O_NOFOLLOW, 0600),
                    "open(" + file + ")");
        }
    }

    private static MemorySegment map(int fd, Path file, long bytes, Arena arena) throws ErrnoException {
        ErrnoException.check(LibcFiles.fallocate(fd, 0, 0, bytes), "fallocate(" + file + ", " + bytes + " bytes)");
        long address = ErrnoException.check(
                Libc.mmap(0, bytes, Libc.PROT_READ_WRITE, Libc.MAP_SHARED, fd, 0),
                "mmap(" + file + ", " + bytes + " bytes)");
        return segment(address, bytes, arena);
    }

    @SuppressWarnings("restricted") // the kernel has just said that this memory is ours
    private static MemorySegment segment(long address, long bytes, Arena arena) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, gone -> Libc.munmap(gone.address(), bytes));
    }
}
