package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The effective capabilities of this process, capabilities(7), from {@code CapEff} in proc_pid_status(5).
 *
 * @param effective one bit a capability
 */
public record Capabilities(long effective) {
    /** Configuring NICs, the IP stack and offloads. */
    public static final int CAP_NET_ADMIN = 12;
    /** Packet sockets. */
    public static final int CAP_NET_RAW = 13;

    /** Almost everything; before Linux 5.8 also the rights of {@link #CAP_BPF}. */
    public static final int CAP_SYS_ADMIN = 21;
    /** Programs in the kernel (Linux 5.8). */
    public static final int CAP_BPF = 39;

    private static final Path STATUS = Path.of("/proc/thread-self/status");
    private static final String LINE = "CapEff:";

    /** The capabilities of the calling thread. */
    public static Capabilities ofThisThread() throws IOException {
        return parse(Files.readString(STATUS));
    }

    static Capabilities parse(String status) throws IOException {
        String value = status.lines()
                .filter(line -> line.startsWith(LINE))
                .findFirst()
                .orElseThrow(() -> new IOException(STATUS + ": no line " + LINE))
                .substring(LINE.length())
                .strip();
        try {
            return new Capabilities(Long.parseUnsignedLong(value, 16));
        } catch (NumberFormatException odd) {
            throw new IOException(STATUS + ": " + LINE + " " + value + ": not a hexadecimal number", odd);
        }
    }

    /**
     * True: it has this capability.
     *
     * @param capability CAP_…
     */
    public boolean has(int capability) {
        return ((effective >>> capability) & 1) != 0;
    }
}
