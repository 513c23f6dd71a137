package io.portcullis.linux;

/**
 * Ends the process without the JVM's shutdown, which waits for a running compiler thread: up to 10 seconds on busy cores
 * (src/hotspot/share/runtime/vmOperations.cpp, {@code wait_for_threads_in_native_to_block}).
 */
public final class ProcessEnd {
    private ProcessEnd() {}

    /**
     * Ends the process at once. Nothing is closed, written or deleted.
     *
     * @param status the exit status, 0 to 255
     */
    public static void now(int status) {
        LibcProcess.exit(status);
    }
}
