package io.portcullis.ec2.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** What tells this machine from others for as long as it is installed (machine-id(5)). It is confidential. */
public final class MachineId {
    private static final Path FILE = Path.of("/etc/machine-id");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");

    private MachineId() {}

    /** 32 hexadecimal digits; empty: this machine has none, as some containers. */
    public static Optional<String> read() {
        return read(FILE);
    }

    static Optional<String> read(Path file) {
        try {
            String text = Files.readString(file).strip();
            return ID.matcher(text).matches() ? Optional.of(text) : Optional.empty();
        } catch (IOException none) {
            return Optional.empty();
        }
    }
}
