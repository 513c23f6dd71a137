package io.portcullis.linux.bpf;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One 64-bit number that programs in the kernel read (a BPF_MAP_TYPE_ARRAY of one entry). Lives as long as this object or
 * a program that uses it. Any thread.
 */
public final class BpfMap implements AutoCloseable {
    private static final int BPF_MAP_CREATE = 0;
    private static final int BPF_MAP_UPDATE_ELEM = 2;
    private static final int BPF_MAP_TYPE_ARRAY = 2;
    private static final int ATTRIBUTES = 72;

    private final int fd;

    private BpfMap(int fd) {
        this.fd = fd;
    }

    /** A new map; its number is 0. EPERM without CAP_BPF. */
    public static BpfMap create() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // u32 map_type, key_size, value_size, max_entries
            MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
            attributes.set(JAVA_INT, 0, BPF_MAP_TYPE_ARRAY);
            attributes.set(JAVA_INT, 4, 4);
            attributes.set(JAVA_INT, 8, 8);
            attributes.set(JAVA_INT, 12, 1);
            return new BpfMap(
                    (int) ErrnoException.check(Libc.bpf(BPF_MAP_CREATE, attributes), "bpf(BPF_MAP_CREATE, array)"));
        }
    }

    int fd() {
        return fd;
    }

    /** Sets the number that programs read from now on. */
    public void set(long number) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            // u32 map_fd, padding, u64 key, value, flags
            MemorySegment attributes = arena.allocate(32, 8);
            attributes.set(JAVA_INT, 0, fd);
            attributes.set(JAVA_LONG, 8, arena.allocate(4, 4).address());
            attributes.set(JAVA_LONG, 16, arena.allocateFrom(JAVA_LONG, number).address());
            ErrnoException.check(Libc.bpf(BPF_MAP_UPDATE_ELEM, attributes), "bpf(BPF_MAP_UPDATE_ELEM)");
        }
    }

    /** Closes the descriptor. Once. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
