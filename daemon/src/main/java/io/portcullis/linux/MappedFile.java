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
 * A file mapped as a whole, shared: a write reaches the file at once, and stays when the process dies. Its space is reserved before
 * it is mapped (fallocate(2)), so that no later access can fail: a page that a full tmpfs can't allocate would be a SIGBUS. A page
 * becomes resident at its first use, which takes a microsecond: a table for a million flows with few flows uses little memory. The
 * arena unmaps it.
 */
public final class MappedFile {
    /** Bits of a file's mode (inode(7)): its kind, a regular file, write permission of others. */
    private static final int KIND = 0170000;

    private static final int REGULAR = 0100000;
    private static final int WRITABLE_BY_OTHERS = 0022;

    private MappedFile() {}

    /**
     * Creates a file of zeroes with mode 0600, and maps it.
     *
     * @throws ErrnoException EEXIST: it exists; ENOSPC: no space; or another errno of open(2), fallocate(2) or mmap(2)
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
     * Maps an existing file. No other user can truncate it while it is in use, which would be a SIGBUS: it has to be a regular file
     * with one name and a trusted owner, without write permission of others.
     *
     * @param owners numbers of the trusted users
     * @throws IOException if it is not such a file; the message says why
     */
    public static MemorySegment open(Path file, Set<Integer> owners, Arena arena) throws IOException {
        int fd = open(file, LibcFiles.O_RDWR);
        try {
            // Of the opened file, not of its name.
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
     * Memory of zeroes without a file.
     *
     * @throws ErrnoException ENOMEM: not enough memory
     */
    public static MemorySegment anonymous(long bytes) throws ErrnoException {
        int flags = Libc.MAP_PRIVATE | Libc.MAP_ANONYMOUS;
        long address = ErrnoException.check(
                Libc.mmap(0, bytes, Libc.PROT_READ_WRITE, flags, -1, 0), "mmap(" + bytes + " bytes)");
        return segment(address, bytes, Arena.ofAuto());
    }

    /**
     * Makes the pages of a mapped file not resident until their next use; the file is unchanged.
     *
     * @param memory from {@link #create} or {@link #open}: {@link #anonymous} memory would lose its content
     */
    public static void letGo(MemorySegment memory) throws ErrnoException {
        ErrnoException.check(
                LibcFiles.madvise(memory.address(), memory.byteSize(), LibcFiles.MADV_DONTNEED),
                "madvise(MADV_DONTNEED)");
    }

    /**
     * Frees the space of a file at once, before it is deleted: deleting a file that is still mapped would not free it. Existing
     * mappings read zeroes.
     *
     * @throws ErrnoException EOPNOTSUPP: not supported by the file system; or an errno of open(2)
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
                    LibcFiles.open(
                            arena.allocateFrom(file.toString()),
                            flags | LibcFiles.O_CLOEXEC | LibcFiles.O_NOFOLLOW,
                            0600),
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

    @SuppressWarnings("restricted") // the kernel has just mapped this memory
    private static MemorySegment segment(long address, long bytes, Arena arena) {
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, gone -> Libc.munmap(gone.address(), bytes));
    }
}
