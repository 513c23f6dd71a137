package io.portcullis.testing;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.portcullis.linux.Libc;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network namespace of a test: made by the constructor, removed with everything in it by {@link #close}. If a test is killed,
 * the next one removes its namespace.
 */
public final class Namespace implements AutoCloseable {
    private static final long LIMIT_SECONDS = 20;
    private static final AtomicInteger NEXT = new AtomicInteger();
    private static final int O_CLOEXEC = 0x80000;
    private static final int CLONE_NEWNET = 0x40000000;
    private static final MethodHandle OPEN = handle(
            "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle SETNS = handle("setns", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));

    private static final Path NAMED = Path.of("/run/netns");
    private static final Pattern OURS = Pattern.compile("pc(\\d+)-\\d+-\\w+");

    static {
        sweep(pid -> ProcessHandle.of(pid).isEmpty());
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> sweep(pid -> pid == ProcessHandle.current().pid())));
    }

    private final String name;

    /** A new, empty one; {@code lo} is down. */
    public Namespace(String purpose) {
        name = "pc" + ProcessHandle.current().pid() + "-" + NEXT.incrementAndGet() + "-" + purpose;
        run(List.of("ip", "netns", "add", name));
    }

    /** Removes the namespaces of killed tests. */
    private static void sweep(LongPredicate whose) {
        String[] names = NAMED.toFile().list();
        for (String left : names == null ? new String[0] : names) {
            Matcher ours = OURS.matcher(left);
            if (ours.matches() && whose.test(Long.parseLong(ours.group(1)))) {
                run(List.of("ip", "netns", "del", left));
            }
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle handle(String function, FunctionDescriptor type, Linker.Option... options) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(function), type, options);
    }

    /** Its name under /run/netns. */
    public String name() {
        return name;
    }

    /** {@code ip -n NAMESPACE …}; the words are separated by spaces. */
    public String ip(String words) {
        return run(List.of(("ip -n " + name + " " + words).split(" ", -1)));
    }

    /** Runs a command inside; its words are separated by spaces. Returns its output; a failure is an error. */
    public String exec(String words) {
        return run(List.of(("ip netns exec " + name + " " + words).split(" ", -1)));
    }

    /** Runs a piece of Java inside, on a thread of its own that ends with it. */
    public <T> T in(Callable<T> work) throws Exception {
        return in(name, work);
    }

    /** The same in an existing namespace. */
    public static <T> T in(String name, Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter(name);
            return work.call();
        });
        Thread.ofPlatform().name("in " + name).daemon().start(task);
        try {
            return task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException thrown) {
            if (thrown.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw new AssertionError(thrown.getCause());
        }
    }

    private static void enter(String name) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            String path = NAMED.resolve(name).toString();
            int fd = (int) OPEN.invokeExact(arena.allocateFrom(path), O_CLOEXEC, 0);
            int entered = fd < 0 ? fd : (int) SETNS.invokeExact(fd, CLONE_NEWNET);
            Libc.close(fd);
            if (entered != 0) {
                throw new IOException("setns(" + path + ")");
            }
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable bug) {
            throw new AssertionError(bug);
        }
    }

    @Override
    public void close() {
        run(List.of("ip", "netns", "del", name));
    }

    private static String run(List<String> command) {
        try {
            Process process = new ProcessBuilder(new ArrayList<>(command))
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException failed) {
            throw new AssertionError(String.join(" ", command), failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(String.join(" ", command), interrupted);
        }
    }
}
