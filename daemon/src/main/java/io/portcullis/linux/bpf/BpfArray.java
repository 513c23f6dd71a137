package io.portcullis.linux.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Memory that this process shares with programs in the kernel: a BPF_MAP_TYPE_ARRAY with one value, which can be mapped
 * (BPF_F_MMAPABLE, Linux 5.5). Zeroed at first. It lives for as long as this object, a mapping, a program that uses it or a file of
 * bpffs. Any thread.
 */
public final class BpfArray implements AutoCloseable {
    private static final int BPF_MAP_CREATE = 0;
    private static final int BPF_MAP_TYPE_ARRAY = 2;
    private static final int BPF_F_MMAPABLE = 1 << 10;
    private static final int CREATE_ATTRIBUTES = 72;

    /** u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node, then char map_name[16]. */
    private static final int CREATE_NAME = 28;

    private static final int KEY_BYTES = 4;

    /** struct bpf_map_info begins: u32 type, id, key_size, value_size, max_entries, map_flags, char name[16]. */
    private static final int INFO_LENGTH = 80;

    private static final int INFO_NAME = 24;

    private final int fd;
    private final long bytes;

    private BpfArray(int fd, long bytes) {
        this.fd = fd;
        this.bytes = bytes;
    }

    /**
     * A new array.
     *
     * @param name up to 15 letters, digits and underscores, which {@code bpftool} shows
     * @param bytes length of its value, 1 to 2^31 - 1
     * @throws ErrnoException EPERM without CAP_BPF; E2BIG where the kernel has a lower limit (4 MiB before Linux 5.16); ENOMEM
     */
    public static BpfArray create(String name, long bytes) throws ErrnoException {
        BpfProgram.checkName(name);
        if (bytes < 1 || bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("array " + name + ": " + bytes + " bytes");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(CREATE_ATTRIBUTES, 8);
            attributes.set(JAVA_INT, 0, BPF_MAP_TYPE_ARRAY);
            attributes.set(JAVA_INT, 4, KEY_BYTES);
            attributes.set(JAVA_INT, 8, (int) bytes);
            attributes.set(JAVA_INT, 12, 1);
            attributes.set(JAVA_INT, 16, BPF_F_MMAPABLE);
            attributes.setString(CREATE_NAME, name);
            String call = "bpf(BPF_MAP_CREATE, array " + name + " of " + bytes + " bytes)";
            return new BpfArray((int) ErrnoException.check(Libc.bpf(BPF_MAP_CREATE, attributes), call), bytes);
        }
    }

    /**
     * The array that a file of bpffs holds.
     *
     * @param bytes the length that its value must have
     * @throws ErrnoException ENOENT where there is no such file, EACCES where this process may not read and write it, EPERM without
     *     CAP_BPF on a kernel that demands it, EINVAL where it is not of bpffs
     * @throws IOException where the file holds something else; the message says what
     */
    public static BpfArray pinned(Path file, long bytes) throws IOException {
        int fd = Bpf.get(file);
        try {
            String wrong = difference(fd, bytes);
            if (!wrong.isEmpty()) {
                throw new IOException(file + ": not an array with one mappable value of " + bytes + " bytes: " + wrong);
            }
            return new BpfArray(fd, bytes);
        } catch (IOException refused) {
            Libc.close(fd);
            throw refused;
        }
    }

    private static String difference(int fd, long bytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            // A program's information begins with other fields.
            String kind = Files.readSymbolicLink(Path.of("/proc/self/fd", Integer.toString(fd)))
                    .toString();
            if (!kind.equals("anon_inode:bpf-map")) {
                return kind.replaceFirst("^anon_inode:", "");
            }
            MemorySegment info = arena.allocate(INFO_LENGTH, 8);
            Bpf.describe(fd, info);
            int type = info.get(JAVA_INT, 0);
            int key = info.get(JAVA_INT, 8);
            int value = info.get(JAVA_INT, 12);
            int entries = info.get(JAVA_INT, 16);
            int flags = info.get(JAVA_INT, 20);
            boolean same = type == BPF_MAP_TYPE_ARRAY
                    && key == KEY_BYTES
                    && value == bytes
                    && entries == 1
                    && flags == BPF_F_MMAPABLE;
            return same
                    ? ""
                    : "map " + info.getString(INFO_NAME) + " has type " + type + ", " + entries + " entries, keys of "
                            + key
                            + " and values of " + Integer.toUnsignedString(value) + " bytes, flags 0x"
                            + Integer.toHexString(flags);
        }
    }

    /** Makes a file of bpffs that holds the array. EPERM where the folder is not of bpffs; EEXIST. */
    public void pinTo(Path file) throws ErrnoException {
        Bpf.pin(fd, file);
    }

    /**
     * Maps the value. The kernel has allocated its pages, so that no access can fail.
     *
     * @param arena unmaps it
     * @return its bytes; programs see a write at once
     */
    @SuppressWarnings("restricted") // this length has just been mapped at this address
    public MemorySegment map(Arena arena) throws ErrnoException {
        long start = ErrnoException.check(
                Libc.mmap(0, bytes, Libc.PROT_READ_WRITE, Libc.MAP_SHARED, fd, 0),
                "mmap(BPF array, " + bytes + " bytes)");
        return MemorySegment.ofAddress(start).reinterpret(bytes, arena, mapped -> Libc.munmap(start, bytes));
    }

    /** Length of the value. */
    public long bytes() {
        return bytes;
    }

    int fd() {
        return fd;
    }

    /** Closes the descriptor; mappings stay. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
