package io.portcullis.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * A small file system for one thread alone: the thread has a mount namespace of its own, so that no other thread sees the file
 * system, and it ends with the thread. Needs root.
 */
public final class SmallTmpfs {
    private static final long LIMIT_S = 60;
    private static final int CLONE_NEWNS = 0x20000;
    private static final long MS_RDONLY = 1;
    private static final long MS_REMOUNT = 32;
    private static final long MS_REC = 0x4000;
    private static final long MS_PRIVATE = 1 << 18;
    private static final MethodHandle UNSHARE = handle("unshare", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle MOUNT =
            handle("mount", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));

    private SmallTmpfs() {}

    @SuppressWarnings("restricted")
    private static MethodHandle handle(String function, FunctionDescriptor type) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(function), type);
    }

    /** Runs a body while {@code at} is a tmpfs of the given size in bytes, mode 0700. */
    public static <T> T run(Path at, long bytes, Callable<T> body) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            unshare();
            // Before the mount: otherwise the machine's namespace would get it, too.
            mount("none", Path.of("/"), "none", MS_REC | MS_PRIVATE, "");
            mount("tmpfs", at, "tmpfs", 0, "mode=0700,size=" + bytes);
            return body.call();
        });
        Thread.ofPlatform().name("small-tmpfs").start(task);
        return task.get(LIMIT_S, TimeUnit.SECONDS);
    }

    /** Makes the file system read-only; called by the body. */
    public static void makeReadOnly(Path at) {
        mount("tmpfs", at, "tmpfs", MS_REMOUNT | MS_RDONLY, "");
    }

    private static void unshare() {
        try {
            if ((int) UNSHARE.invokeExact(CLONE_NEWNS) != 0) {
                throw new IllegalStateException("unshare(CLONE_NEWNS) is refused");
            }
        } catch (Throwable refused) {
            throw new IllegalStateException(refused);
        }
    }

    private static void mount(String source, Path target, String type, long flags, String options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = options.isEmpty() ? MemorySegment.NULL : arena.allocateFrom(options);
            int result = (int) MOUNT.invokeExact(
                    arena.allocateFrom(source),
                    arena.allocateFrom(target.toString()),
                    arena.allocateFrom(type),
                    flags,
                    data);
            if (result != 0) {
                throw new IllegalStateException("mount(" + target + ", " + type + ") is refused");
            }
        } catch (Throwable refused) {
            throw new IllegalStateException(refused);
        }
    }
}
