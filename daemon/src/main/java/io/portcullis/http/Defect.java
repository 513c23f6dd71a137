package io.portcullis.http;

/**
 * An exception that no code expects. It goes to the thread's uncaught exception handler, as if it had ended the thread: that handler
 * counts and logs defects.
 */
final class Defect {
    private Defect() {}

    /**
     * Reports one; the thread goes on.
     *
     * @param where in words, for the log
     */
    static void report(String where, Throwable cause) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, new IllegalStateException(where, cause));
    }
}
