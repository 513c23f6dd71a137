package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The memory of malloc(3), which the JVM's compilers use. */
public final class NativeHeap {
    private static final MethodHandle MALLOC_TRIM =
            NativeCall.of("malloc_trim", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

    private NativeHeap() {}

    /** Gives free pages back to the kernel (malloc_trim(3)): takes some milliseconds of the calling thread. */
    public static void trim() {
        MemorySegment state = NativeCall.state();
        try {
            int _ = (int) MALLOC_TRIM.invokeExact(state, 0L);
        } catch (Throwable bug) {
            throw new AssertionError("malloc_trim", bug);
        }
    }
}
