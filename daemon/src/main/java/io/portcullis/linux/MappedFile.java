package io.portcullis.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A file that is mapped as a whole, shared: what is written there is the file's at once, and stays when the process ends
 * without notice. Its space is reserved before it is mapped (fallocate(2)), so that no access to it can fail later: a page
 * that a full tmpfs cannot give would be a SIGBUS. The mapping goes with the segment.
 */
public final class MappedFile {
    private MappedFile() {}

    /**
     * Makes a file of zeroes, for its owner alone, and maps it.
     *
     * @throws ErrnoException where it is there already (EEXIST), there is no room (ENOSPC), or something else is in the way
     */
    public static MemorySegment create(Path file, long bytes) throws ErrnoException {
        return map(file, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL, bytes);
    }

    /**
     * Maps a file that is there.
     *
     * @param bytes how long it is; more makes it longer
     */
    public static MemorySegment open(Path file, long bytes) throws ErrnoException {
        return map(file, Libc.O_RDWR, bytes);
    }

    private static MemorySegment map(Path file, int flags, long bytes) throws ErrnoException {
        int fd = -1;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom(file.toString());
            fd = (int) ErrnoException.check(
                    Libc.open(path, flags | Libc.O_CLOEXEC | Libc.O_NOFOLLOW, 0600), "open(" + file + ")");
            ErrnoException.check(Libc.fallocate(fd, 0, 0, bytes), "fallocate(" + file + ", " + bytes + " bytes)");
            long address = ErrnoException.check(
                    Libc.mmap(0, bytes, Libc.PROT_READ_WRITE, Libc.MAP_SHARED | Libc.MAP_POPULATE, fd, 0),
                    "mmap(" + file + ", " + bytes + " bytes)");
            return segment(address, bytes);
        } finally {
            if (fd >= 0) {
                Libc.close(fd);
            }
        }
    }

    @SuppressWarnings("restricted") // the kernel has just said that this memory is ours
    private static MemorySegment segment(long address, long bytes) {
        return MemorySegment.ofAddress(address)
                .reinterpret(bytes, Arena.ofAuto(), gone -> Libc.munmap(gone.address(), bytes));
    }
}
