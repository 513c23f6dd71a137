package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;

/** Cores and priorities of this process's threads: sched(7). */
public final class Scheduling {
    /** Bytes of a cpu_set_t: 1,024 cores. */
    private static final int CPU_SET = 128;

    /** Weight 110; an ordinary thread has 1,024 (sched_prio_to_weight, kernel/sched/core.c). */
    private static final int NICE = 10;

    private static final int CALLING_THREAD = 0;

    private Scheduling() {}

    /** Numbers of the cores on which the calling thread may run. */
    public static BitSet cores() throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment set = call.allocate(CPU_SET, 8);
            ErrnoException.check(LibcProcess.sched_getaffinity(0, set), "sched_getaffinity");
            return BitSet.valueOf(set.toArray(JAVA_BYTE));
        }
    }

    /**
     * Makes threads of this process run only on idle cores; they are delayed, not starved. Threads that they start inherit it. Needs
     * no privilege.
     *
     * @param prefix of their names, as in the kernel
     * @return number of such threads
     * @throws IOException if a sandbox refuses it
     */
    public static int runWhenIdle(String prefix) throws IOException {
        List<Integer> threads = threads(prefix);
        for (int thread : threads) {
            runWhenIdle(thread);
        }
        return threads.size();
    }

    /** Makes the calling thread run only on idle cores, as {@link #runWhenIdle(String)}. */
    public static void runWhenIdle() throws ErrnoException {
        runWhenIdle(CALLING_THREAD);
    }

    /**
     * Waits until every BPF program has ended that was running at the call, on any processor: some milliseconds. It is RCU's grace
     * period, for which membarrier(2) waits with MEMBARRIER_CMD_GLOBAL.
     *
     * @throws ErrnoException {@link Errno#EINVAL} on a kernel with {@code nohz_full}, {@link Errno#ENOSYS} on one without the call
     */
    public static void awaitPrograms() throws ErrnoException {
        ErrnoException.check(LibcProcess.membarrier(LibcProcess.MEMBARRIER_CMD_GLOBAL), "membarrier");
    }

    private static void runWhenIdle(int thread) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment noPriority = call.allocate(JAVA_INT);
            ErrnoException.check(
                    LibcProcess.sched_setscheduler(thread, LibcProcess.SCHED_IDLE, noPriority),
                    "sched_setscheduler(SCHED_IDLE)");
        }
    }

    /**
     * Lowers the priority of threads of this process for good, as {@link #giveWay()}.
     *
     * @param prefix of their names, as in the kernel
     * @return number of such threads
     * @throws IOException if a sandbox refuses it
     */
    public static int giveWay(String prefix) throws IOException {
        List<Integer> threads = threads(prefix);
        for (int thread : threads) {
            giveWay(thread);
        }
        return threads.size();
    }

    /**
     * Lowers the calling thread's priority for good: it gets about a tenth of a core that another thread keeps busy. It is delayed,
     * never starved. Needs no privilege.
     *
     * @throws ErrnoException EPERM: a sandbox refuses it
     */
    public static void giveWay() throws ErrnoException {
        giveWay(CALLING_THREAD);
    }

    private static void giveWay(int thread) throws ErrnoException {
        ErrnoException.check(
                LibcProcess.setpriority(LibcProcess.PRIO_PROCESS, thread, NICE), "setpriority(" + NICE + ")");
    }

    private static List<Integer> threads(String prefix) throws IOException {
        List<Integer> found = new ArrayList<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                if (nameOf(thread).startsWith(prefix)) {
                    found.add(Integer.parseInt(thread.getFileName().toString()));
                }
            }
        }
        return found;
    }

    private static String nameOf(Path thread) throws IOException {
        try {
            return Files.readString(thread.resolve("comm"));
        } catch (NoSuchFileException ended) {
            return "";
        }
    }

    /** Binds the calling thread to a core. */
    public static void pin(int core) throws ErrnoException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment set = call.allocate(CPU_SET, 8);
            set.set(JAVA_BYTE, core / 8, (byte) (1 << core % 8));
            ErrnoException.check(LibcProcess.sched_setaffinity(0, set), "sched_setaffinity(core " + core + ")");
        }
    }
}
