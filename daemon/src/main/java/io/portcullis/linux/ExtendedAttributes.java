package io.portcullis.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Extended attributes of files (xattr(7)): access lists, labels, what users have noted. */
public final class ExtendedAttributes {
    /** XATTR_LIST_MAX and XATTR_SIZE_MAX (linux/limits.h), bytes. */
    private static final long MOST = 65_536;

    private static final MethodHandle LIST =
            NativeCall.of("listxattr", FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, JAVA_LONG));
    private static final MethodHandle GET =
            NativeCall.of("getxattr", FunctionDescriptor.of(JAVA_LONG, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));
    private static final MethodHandle SET =
            NativeCall.of("setxattr", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT));

    private ExtendedAttributes() {}

    /**
     * Gives a file the attributes of another one. What a file of its folder gets by itself (a label) is not set again.
     *
     * @throws ErrnoException if the attributes can't be read, or one that differs is refused
     */
    public static void copy(Path from, Path to) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = OwnedFile.path(arena, from);
            MemorySegment target = OwnedFile.path(arena, to);
            for (String name : names(arena, source, from)) {
                MemorySegment key = arena.allocateFrom(name);
                MemorySegment value = value(arena, source, key);
                MemorySegment present = value(arena, target, key);
                if (value.byteSize() != present.byteSize() || value.mismatch(present) >= 0) {
                    ErrnoException.check(set(target, key, value), "setxattr(" + to + ", " + name + ")");
                }
            }
        }
    }

    private static List<String> names(Arena arena, MemorySegment path, Path file) throws ErrnoException {
        MemorySegment names = arena.allocate(MOST);
        long length = list(path, names);
        if (length == -Errno.EOPNOTSUPP) {
            return List.of();
        }
        ErrnoException.check(length, "listxattr(" + file + ")");
        String all = new String(names.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        return all.isEmpty() ? List.of() : List.of(all.split("\0"));
    }

    /** Empty where there is none. */
    private static MemorySegment value(Arena arena, MemorySegment path, MemorySegment key) {
        MemorySegment value = arena.allocate(MOST);
        return value.asSlice(0, Math.max(0, get(path, key, value)));
    }

    private static long list(MemorySegment path, MemorySegment names) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated((long) LIST.invokeExact(state, path, names, names.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("listxattr", bug);
        }
    }

    private static long get(MemorySegment path, MemorySegment key, MemorySegment value) {
        MemorySegment state = NativeCall.state();
        try {
            return NativeCall.negated((long) GET.invokeExact(state, path, key, value, value.byteSize()), state);
        } catch (Throwable bug) {
            throw new AssertionError("getxattr", bug);
        }
    }

    private static int set(MemorySegment path, MemorySegment key, MemorySegment value) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) SET.invokeExact(state, path, key, value, value.byteSize(), 0), state);
        } catch (Throwable bug) {
            throw new AssertionError("setxattr", bug);
        }
    }
}
