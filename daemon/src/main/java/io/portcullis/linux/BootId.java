package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** The identity of this boot of the kernel: what another boot has left in the kernel or has measured does not hold. */
public final class BootId {
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {}

    /**
     * Reads it.
     *
     * @throws IOException if /proc is not mounted
     */
    public static UUID read() throws IOException {
        return UUID.fromString(Files.readString(FILE).strip());
    }
}
