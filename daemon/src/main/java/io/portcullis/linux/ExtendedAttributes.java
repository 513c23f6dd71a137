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
import java.util.Optional;

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

    private static final MethodHandle REMOVE =
            NativeCall.of("removexattr", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));

    /** Given by the kernel's security module, which decides who may change them. */
    private static final String LABELS = "security.";

    private ExtendedAttributes() {}

    /**
     * Gives a file the attributes of another one, and takes those away that the other one lacks: an access list that its folder has
     * given it would let more users in. What a file of its folder gets by itself (a label) is not set again; nor is it removed.
     *
     * @throws ErrnoException if the attributes can't be read, or one that differs is refused
     */
    public static void copy(Path from, Path to) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = OwnedFile.path(arena, from);
            MemorySegment target = OwnedFile.path(arena, to);
            List<String> wanted = names(arena, source, from);
            for (String name : wanted) {
                MemorySegment key = key(arena, name);
                Optional<MemorySegment> value = value(arena, source, key, from, name);
                Optional<MemorySegment> present = value(arena, target, key, to, name);
                if (value.isPresent() && !(present.isPresent() && isSame(value.get(), present.get()))) {
                    ErrnoException.check(set(target, key, value.get()), "setxattr(" + to + ", " + name + ")");
                }
            }
            for (String name : names(arena, target, to)) {
                if (!wanted.contains(name) && !name.startsWith(LABELS)) {
                    ErrnoException.check(remove(target, key(arena, name)), "removexattr(" + to + ", " + name + ")");
                }
            }
        }
    }

    private static boolean isSame(MemorySegment one, MemorySegment other) {
        return one.byteSize() == other.byteSize() && one.mismatch(other) < 0;
    }

    /** One character for each byte of a name, which may be any. */
    private static MemorySegment key(Arena arena, String name) {
        return arena.allocateFrom(name, StandardCharsets.ISO_8859_1);
    }

    private static List<String> names(Arena arena, MemorySegment path, Path file) throws ErrnoException {
        MemorySegment names = arena.allocate(MOST);
        long length = list(path, names);
        if (length == -Errno.EOPNOTSUPP) {
            return List.of();
        }
        ErrnoException.check(length, "listxattr(" + file + ")");
        String all = new String(names.asSlice(0, length).toArray(JAVA_BYTE), StandardCharsets.ISO_8859_1);
        return all.isEmpty() ? List.of() : List.of(all.split("\0"));
    }

    /** Empty where there is none. */
    private static Optional<MemorySegment> value(
            Arena arena, MemorySegment path, MemorySegment key, Path file, String name) throws ErrnoException {
        MemorySegment value = arena.allocate(MOST);
        long length = get(path, key, value);
        if (length == -Errno.ENODATA || length == -Errno.EOPNOTSUPP) {
            return Optional.empty();
        }
        return Optional.of(value.asSlice(0, ErrnoException.check(length, "getxattr(" + file + ", " + name + ")")));
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

    private static int remove(MemorySegment path, MemorySegment key) {
        MemorySegment state = NativeCall.state();
        try {
            return (int) NativeCall.negated((int) REMOVE.invokeExact(state, path, key), state);
        } catch (Throwable bug) {
            throw new AssertionError("removexattr", bug);
        }
    }
}
