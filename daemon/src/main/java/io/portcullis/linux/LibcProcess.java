package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The C library's functions for the process, its threads and the clock, as they are: the rules of {@link Libc}. */
final class LibcProcess {
    /** setpriority(2): of one thread. */
    static final int PRIO_PROCESS = 0;
    /** sched(7): run only on an idle core. */
    static final int SCHED_IDLE = 5;
    /** clock_gettime(2): time since boot, without jumps; systemd's MONOTONIC_USEC. */
    static final int CLOCK_MONOTONIC = 1;

    private static final MethodHandle EXIT = NativeCall.of("_exit", FunctionDescriptor.ofVoid(JAVA_INT));
    private static final MethodHandle SCHED_SETSCHEDULER =
            NativeCall.of("sched_setscheduler", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS));
    private static final MethodHandle SETPRIORITY =
            NativeCall.of("setpriority", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SCHED_GETAFFINITY =
            NativeCall.of("sched_getaffinity", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    private static final MethodHandle SCHED_SETAFFINITY =
            NativeCall.of("sched_setaffinity", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS));
    private static final MethodHandle CLOCK_GETTIME =
            NativeCall.of("clock_gettime", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));

    /** membarrier(2): until every processor has left what it was doing in the kernel without a pause. */
    static final int MEMBARRIER_CMD_GLOBAL = 1;

    /** membarrier(2) has no function in glibc; its number is the architecture's (asm/unistd.h). */
    private static final long NR_MEMBARRIER = System.getProperty("os.arch").equals("aarch64") ? 283 : 324;

    private static final MethodHandle SYSCALL_MEMBARRIER = NativeCall.of(
            "syscall",
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT),
            Linker.Option.firstVariadicArg(1));

    private LibcProcess() {}

    /** membarrier(2). 0, or the negated errno. */
    static int membarrier(int command) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated(
                    (long) SYSCALL_MEMBARRIER.invokeExact(state, NR_MEMBARRIER, command, 0, 0), state);
        } catch (Throwable bug) {
            throw new AssertionError("membarrier(" + command + ")", bug);
        }
    }

    /** _exit(2). Does not return. */
    static void exit(int status) {
        MemorySegment state = NativeCall.state();
        try {
            EXIT.invokeExact(state, status);
        } catch (Throwable bug) {
            throw new AssertionError("_exit(" + status + ")", bug);
        }
    }

    /** sched_setscheduler(2) of a thread, with a struct sched_param: one C int. 0, or the negated errno. */
    static int sched_setscheduler(int thread, int policy, MemorySegment parameters) {
        MemorySegment state = NativeCall.state();
        try {
            return (int)
                    NativeCall.negated((int) SCHED_SETSCHEDULER.invokeExact(state, thread, policy, parameters), state);
        } catch (Throwable bug) {
            throw new AssertionError("sched_setscheduler(" + thread + ", " + policy + ")", bug);
        }
    }

    /** setpriority(2); of PRIO_PROCESS, 0 is the calling thread. 0, or the negated errno. */
    static int setpriority(int which, int who, int nice) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) SETPRIORITY.invokeExact(state, which, who, nice), state);
        } catch (Throwable bug) {
            throw new AssertionError("setpriority(" + nice + ")", bug);
        }
    }

    /** sched_getaffinity(2); 0 is the calling thread. 0, or the negated errno. */
    static int sched_getaffinity(int thread, MemorySegment set) {
        MemorySegment state = NativeCall.state();
        try {
            return (int)
                    NativeCall.negated((int) SCHED_GETAFFINITY.invokeExact(state, thread, set.byteSize(), set), state);
        } catch (Throwable bug) {
            throw new AssertionError("sched_getaffinity(" + thread + ")", bug);
        }
    }

    /** sched_setaffinity(2); 0 is the calling thread. 0, or the negated errno. */
    static int sched_setaffinity(int thread, MemorySegment set) {
        MemorySegment state = NativeCall.state();
        try {
            return (int)
                    NativeCall.negated((int) SCHED_SETAFFINITY.invokeExact(state, thread, set.byteSize(), set), state);
        } catch (Throwable bug) {
            throw new AssertionError("sched_setaffinity(" + thread + ")", bug);
        }
    }

    /** clock_gettime(2) into a struct timespec: two 64-bit words, seconds and nanoseconds. 0, or the negated errno. */
    static int clock_gettime(int clock, MemorySegment timespec) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) CLOCK_GETTIME.invokeExact(state, clock, timespec), state);
        } catch (Throwable bug) {
            throw new AssertionError("clock_gettime(" + clock + ")", bug);
        }
    }
}
