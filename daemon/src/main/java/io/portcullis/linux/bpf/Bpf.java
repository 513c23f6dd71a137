package io.portcullis.linux.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import io.portcullis.linux.OwnedFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A loaded program (bpf(2), BPF_PROG_LOAD; BPF_PROG_TYPE_SCHED_CLS), under a descriptor of this process. The program outlives the
 * descriptor for as long as it is attached, or a file of bpffs holds it. Any thread.
 */
public final class Bpf implements AutoCloseable {
    private static final int BPF_PROG_LOAD = 5;
    private static final int BPF_OBJ_PIN = 6;
    private static final int BPF_OBJ_GET = 7;
    private static final int BPF_PROG_GET_FD_BY_ID = 13;
    private static final int BPF_OBJ_GET_INFO_BY_FD = 15;
    private static final int BPF_PROG_TYPE_SCHED_CLS = 3;
    private static final int LOAD_ATTRIBUTES = 120;
    /** The longest that every kernel takes. Before Linux 6.4 a longer log lacks its end. */
    private static final int LOG_LENGTH = (1 << 24) - 1;

    private static final int PROGRAM_NAME = 48;

    /** struct bpf_prog_info begins: u32 type, u32 id, u8 tag[8], ten more words, char name[16]. */
    private static final int INFO_LENGTH = 80;

    private static final int INFO_NAME = 64;

    /** None of the functions that these programs call needs the GPL. */
    private static final String LICENCE = "Apache-2.0";

    private final int fd;
    private final int id;
    private final String name;

    private Bpf(int fd, int id, String name) {
        this.fd = fd;
        this.id = id;
        this.name = name;
    }

    /**
     * Loads a program.
     *
     * @throws BpfException with the verifier's log; EPERM without CAP_BPF and CAP_NET_ADMIN, ENOSYS without BPF
     */
    public static Bpf load(BpfProgram program) throws BpfException {
        long[] instructions = program.encoded();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(LOAD_ATTRIBUTES, 8);
            attributes.set(JAVA_INT, 0, BPF_PROG_TYPE_SCHED_CLS);
            attributes.set(JAVA_INT, 4, instructions.length);
            attributes.set(
                    JAVA_LONG, 8, arena.allocateFrom(JAVA_LONG, instructions).address());
            attributes.set(JAVA_LONG, 16, arena.allocateFrom(LICENCE).address());
            MemorySegment name = arena.allocateFrom(program.name());
            MemorySegment.copy(name, 0, attributes, PROGRAM_NAME, name.byteSize());
            String call = "bpf(BPF_PROG_LOAD)";
            int fd = Libc.bpf(BPF_PROG_LOAD, attributes);
            if (fd < 0) {
                ErrnoException refused = new ErrnoException(call, -fd);
                throw new BpfException(program.name(), refused, log(arena, attributes));
            }
            try {
                return described(fd);
            } catch (ErrnoException refused) {
                throw new BpfException(program.name(), refused, "");
            }
        }
    }

    /** Loads a second time, for the verifier's log; empty where another check refused the program. */
    private static String log(Arena arena, MemorySegment attributes) {
        MemorySegment log = arena.allocate(LOG_LENGTH);
        attributes.set(JAVA_INT, 24, 1);
        attributes.set(JAVA_INT, 28, LOG_LENGTH);
        attributes.set(JAVA_LONG, 32, log.address());
        int fd = Libc.bpf(BPF_PROG_LOAD, attributes);
        if (fd >= 0) {
            Libc.close(fd);
        }
        return log.getString(0);
    }

    /**
     * A program by its id.
     *
     * @throws ErrnoException EPERM without CAP_SYS_ADMIN, ENOENT where it is gone
     */
    public static Bpf numbered(int id) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(16, 8);
            attributes.set(JAVA_INT, 0, id);
            return described((int) ErrnoException.check(
                    Libc.bpf(BPF_PROG_GET_FD_BY_ID, attributes), "bpf(BPF_PROG_GET_FD_BY_ID, " + id + ")"));
        }
    }

    /**
     * The program that a file of bpffs holds.
     *
     * @throws ErrnoException EACCES where this process may not read and write that file, ENOENT where there is none, EINVAL
     *     where it is not of bpffs
     */
    public static Bpf pinned(Path file) throws ErrnoException {
        return described(get(file));
    }

    /** Makes a file of bpffs that holds the program. EPERM where the folder is not of bpffs; EEXIST. */
    public void pinTo(Path file) throws ErrnoException {
        pin(fd, file);
    }

    /** A descriptor of what a file of bpffs holds. */
    static int get(Path file) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return (int) ErrnoException.check(
                    Libc.bpf(BPF_OBJ_GET, pathname(arena, file)), "bpf(BPF_OBJ_GET, " + file + ")");
        }
    }

    /** Makes a file of bpffs that holds what a descriptor names. */
    static void pin(int fd, Path file) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = pathname(arena, file);
            attributes.set(JAVA_INT, 8, fd);
            ErrnoException.check(Libc.bpf(BPF_OBJ_PIN, attributes), "bpf(BPF_OBJ_PIN, " + file + ")");
        }
    }

    /** u64 pathname, u32 fd, file_flags, path_fd. */
    private static MemorySegment pathname(Arena arena, Path file) {
        MemorySegment attributes = arena.allocate(24, 8);
        attributes.set(JAVA_LONG, 0, OwnedFile.path(arena, file).address());
        return attributes;
    }

    /** Fills in the kernel's description of a program or map. */
    static void describe(int fd, MemorySegment info) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(16, 8);
            attributes.set(JAVA_INT, 0, fd);
            attributes.set(JAVA_INT, 4, (int) info.byteSize());
            attributes.set(JAVA_LONG, 8, info.address());
            ErrnoException.check(Libc.bpf(BPF_OBJ_GET_INFO_BY_FD, attributes), "bpf(BPF_OBJ_GET_INFO_BY_FD)");
        }
    }

    /** Takes ownership of a descriptor, and closes it where the kernel does not describe it. */
    private static Bpf described(int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(INFO_LENGTH, 8);
            describe(fd, info);
            String name = info.get(JAVA_INT, 0) == BPF_PROG_TYPE_SCHED_CLS ? info.getString(INFO_NAME) : "";
            return new Bpf(fd, info.get(JAVA_INT, 4), name);
        } catch (ErrnoException refused) {
            Libc.close(fd);
            throw refused;
        }
    }

    public int fd() {
        return fd;
    }

    /** The kernel's id for it: no other program gets it before very many have been loaded. */
    public int id() {
        return id;
    }

    /** Its name, as {@code bpftool} shows it; empty where it is not a program of traffic control. */
    public String name() {
        return name;
    }

    /** Closes the descriptor. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
