package io.portcullis.guard;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.portcullis.fastpath.FastLayout;
import io.portcullis.fastpath.FastTable;
import io.portcullis.linux.Errno;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.bpf.BpfArray;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * The memory of {@link FastLayout}, mapped, and kept by a file of bpffs: the next run of the daemon, and programs that outlive this one,
 * use it too. Any thread, until it is closed.
 */
final class SharedMemory implements AutoCloseable {
    private static final String NAME = "portcullis";

    /** Numbers of lines, the preferred one first. Before Linux 5.16 a value has 4 MiB at the most. */
    private static final int[] LINES = {1 << 16, 1 << 14};

    private final BpfArray array;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;
    private final boolean earlier;

    private SharedMemory(BpfArray array, boolean earlier) throws ErrnoException {
        this.array = array;
        this.earlier = earlier;
        try {
            this.memory = array.map(arena);
        } catch (ErrnoException refused) {
            close();
            throw refused;
        }
    }

    /**
     * Opens the memory of an earlier run; where there is none, or an unknown one, makes a new one.
     *
     * @throws IOException where the kernel refuses it, or its file
     */
    static SharedMemory open(Path file) throws IOException {
        for (int lines : LINES) {
            SharedMemory found = find(file, lines);
            if (found != null) {
                return found;
            }
        }
        SharedMemory made = unnamed();
        boolean done = false;
        try {
            Files.deleteIfExists(file);
            made.array.pinTo(file);
            done = true;
            return made;
        } finally {
            if (!done) {
                made.close();
            }
        }
    }

    private static @Nullable SharedMemory find(Path file, int lines) throws ErrnoException {
        SharedMemory found;
        try {
            found = new SharedMemory(BpfArray.pinned(file, FastLayout.bytes(lines)), true);
        } catch (IOException other) {
            return null;
        }
        boolean known = found.memory.get(JAVA_INT, FastLayout.GATE_MAGIC) == FastLayout.MAGIC
                && found.memory.get(JAVA_INT, FastLayout.GATE_VERSION) == FastLayout.VERSION
                && found.memory.get(JAVA_INT, FastLayout.GATE_LINES) == lines;
        if (known) {
            return found;
        }
        found.close();
        return null;
    }

    /** New memory that ends with this object, and with the programs that use it. */
    static SharedMemory unnamed() throws ErrnoException {
        for (int i = 0; ; i++) {
            try {
                BpfArray array = BpfArray.create(NAME, FastLayout.bytes(LINES[i]));
                SharedMemory made = new SharedMemory(array, false);
                made.format(LINES[i]);
                return made;
            } catch (ErrnoException refused) {
                if (refused.errno() != Errno.E2BIG || i == LINES.length - 1) {
                    throw refused;
                }
            }
        }
    }

    /** The magic last: memory without it is unknown. */
    private void format(int lines) {
        SecureRandom random = new SecureRandom();
        memory.set(JAVA_INT, FastLayout.GATE_VERSION, FastLayout.VERSION);
        memory.set(JAVA_INT, FastLayout.GATE_LINES, lines);
        memory.set(JAVA_LONG, FastLayout.GATE_KEY, random.nextLong());
        memory.set(JAVA_LONG, FastLayout.GATE_KEY + Long.BYTES, random.nextLong());
        memory.set(JAVA_SHORT, FastLayout.GATE_EPOCH, (short) 1);
        memory.set(JAVA_INT, FastLayout.GATE_MAGIC, FastLayout.MAGIC);
    }

    /** True: an earlier run made it, and programs of that run may use it. */
    boolean isOfEarlierRun() {
        return earlier;
    }

    /** The array, for programs. */
    BpfArray array() {
        return array;
    }

    /** Number of lines. */
    int lines() {
        return memory.get(JAVA_INT, FastLayout.GATE_LINES);
    }

    /**
     * The table in it.
     *
     * @throws IllegalArgumentException if its gate is damaged
     */
    FastTable table() {
        return FastTable.open(
                memory,
                lines(),
                memory.get(JAVA_LONG, FastLayout.GATE_KEY),
                memory.get(JAVA_LONG, FastLayout.GATE_KEY + Long.BYTES));
    }

    /** All of it. */
    MemorySegment memory() {
        return memory;
    }

    /** The eight bytes from an offset on. */
    MemorySegment word(long offset) {
        return memory.asSlice(offset, Long.BYTES);
    }

    @Override
    public void close() {
        arena.close();
        array.close();
    }
}
