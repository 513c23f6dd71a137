package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A program that the kernel has taken (bpf(2), BPF_PROG_LOAD; BPF_PROG_TYPE_SCHED_CLS), under a descriptor of this process.
 * It lives on without it for as long as it is attached somewhere. Any thread.
 */
public final class Bpf implements AutoCloseable {
    private static final int BPF_PROG_LOAD = 5;
    private static final int BPF_OBJ_GET_INFO_BY_FD = 15;
    private static final int BPF_PROG_TYPE_SCHED_CLS = 3;
    private static final int LOAD_ATTRIBUTES = 120;
    private static final int LOG_LENGTH = 64 * 1024;
    private static final int PROGRAM_NAME = 48;

    /** None of the functions that these programs call asks for the GPL. */
    private static final String LICENCE = "Apache-2.0";

    private final int fd;
    private final int id;

    private Bpf(int fd, int id) {
        this.fd = fd;
        this.id = id;
    }

    /**
     * Gives a program to the kernel.
     *
     * @throws BpfException with the verifier's words; EPERM without CAP_BPF and CAP_NET_ADMIN, ENOSYS without BPF
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
                return new Bpf(fd, idOf(fd));
            } catch (ErrnoException refused) {
                Libc.close(fd);
                throw new BpfException(program.name(), refused, "");
            }
        }
    }

    /** Asks a second time, for the verifier's log; empty where it was not the verifier that refused. */
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

    private static int idOf(int fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // struct bpf_prog_info begins: u32 type, u32 id
            MemorySegment info = arena.allocate(16, 8);
            MemorySegment attributes = arena.allocate(16, 8);
            attributes.set(JAVA_INT, 0, fd);
            attributes.set(JAVA_INT, 4, (int) info.byteSize());
            attributes.set(JAVA_LONG, 8, info.address());
            ErrnoException.check(Libc.bpf(BPF_OBJ_GET_INFO_BY_FD, attributes), "bpf(BPF_OBJ_GET_INFO_BY_FD)");
            return info.get(JAVA_INT, 4);
        }
    }

    int fd() {
        return fd;
    }

    /** The kernel's number for it: no other program gets it before very many have been loaded. */
    public int id() {
        return id;
    }

    /** Gives the descriptor back. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
