package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Binds functions of the C library, and captures errno after each call. Every thread has its own errno. */
final class NativeCall {
    private static final StructLayout CALL_STATE = Linker.Option.captureStateLayout();
    // The layout's own VarHandle slices the segment: one object a call where the compiler does not see through it.
    private static final long ERRNO = CALL_STATE.byteOffset(PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(CALL_STATE));

    private static final Linker LINKER = linker();

    private NativeCall() {}

    private static Linker linker() {
        String system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (ADDRESS.byteSize() != 8
                || !ByteOrder.nativeOrder().equals(ByteOrder.LITTLE_ENDIAN)
                || !system.startsWith("Linux")) {
            throw new UnsupportedOperationException("portcullis needs Linux on x86-64 or arm64; this is " + system);
        }
        return Linker.nativeLinker();
    }

    /** A function whose first argument is {@link #state}; the errno of the call is read by {@link #negated}. */
    @SuppressWarnings("restricted") // the one place where native functions are bound
    static MethodHandle of(String name, FunctionDescriptor type, Linker.Option... more) {
        List<Linker.Option> options = new ArrayList<>(List.of(more));
        options.add(Linker.Option.captureCallState("errno"));
        try {
            return LINKER.downcallHandle(
                    LINKER.defaultLookup()
                            .find(name)
                            .orElseThrow(() -> new UnsupportedOperationException(
                                    "this system's C library has no " + name + "(); portcullis needs glibc")),
                    type,
                    options.toArray(Linker.Option[]::new));
        } catch (IllegalCallerException denied) {
            throw new UnsupportedOperationException(
                    "native calls are denied: start java with --enable-native-access=ALL-UNNAMED", denied);
        }
    }

    /** Where the calls of this thread leave their errno. */
    static MemorySegment state() {
        return STATE.get();
    }

    /** A result of 0 or more as it is; else the negated errno. */
    static long negated(long result, MemorySegment state) {
        return result >= 0 ? result : -state.get(JAVA_INT, ERRNO);
    }
}
