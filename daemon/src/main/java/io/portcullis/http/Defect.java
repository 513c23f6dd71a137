package io.portcullis.http;

/**
 * What should never happen and did. It goes to the thread's uncaught exception handler, as if the thread had ended of it: the
 * process counts defects there and describes them in the log.
 */
final class Defect {
    private Defect() {}

    /**
     * Tells of one; the thread goes on.
     *
     * @param where for people
     */
    static void tell(String where, Throwable cause) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, new IllegalStateException(where, cause));
    }
}
