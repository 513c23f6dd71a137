package io.portcullis.linux;

/**
 * The end of this process without the JVM's own: that waits for a compiler thread in the middle of a method, up to 10 seconds where
 * others keep the cores busy (src/hotspot/share/runtime/vmOperations.cpp, {@code wait_for_threads_in_native_to_block}).
 */
public final class ProcessEnd {
    private ProcessEnd() {}

    /**
     * Ends the process at once. Nothing else is closed, written or deleted.
     *
     * @param status the exit status, 0 to 255
     */
    public static void now(int status) {
        LibcProcess.exit(status);
    }
}
