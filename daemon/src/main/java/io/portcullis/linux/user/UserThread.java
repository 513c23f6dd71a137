package io.portcullis.linux.user;

import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.Libc;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Does something as another user, who may see other files. The process stays what it is: for the kernel users are a matter of threads. */
public final class UserThread {
    private UserThread() {}

    /** What the user does. */
    public interface Task<T> {
        T run() throws IOException;
    }

    /**
     * Runs a task on a thread of its own, which belongs to the user and to no other group than this one.
     *
     * @param uid 32 bits without sign
     * @param gid 32 bits without sign
     * @throws ErrnoException EPERM: only root may do that
     * @throws IOException of the task
     */
    public static <T> T call(int uid, int gid, Task<T> task) throws IOException {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().daemon().name("portcullis-as-user").start(() -> {
            try {
                // In this order: without root's rights the groups stay as they are.
                ErrnoException.check(Libc.setNoGroups(), "setgroups()");
                ErrnoException.check(Libc.setresgid(gid), "setresgid(" + Integer.toUnsignedString(gid) + ")");
                ErrnoException.check(Libc.setresuid(uid), "setresuid(" + Integer.toUnsignedString(uid) + ")");
                result.complete(task.run());
            } catch (IOException | RuntimeException | Error failed) {
                result.completeExceptionally(failed);
            }
        });
        try {
            return result.join();
        } catch (CompletionException failed) {
            if (failed.getCause() instanceof IOException refused) {
                throw refused;
            }
            throw new IllegalStateException(thread.getName(), failed.getCause());
        }
    }
}
