package io.portcullis.diagnose;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The ssh session in which this process runs: sudo removes {@code SSH_CONNECTION} from the environment, its parents still have it. */
public final class SshConnection {
    private static final String NAME = "SSH_CONNECTION";
    private static final int MOST_PARENTS = 32;

    private SshConnection() {}

    /** The value of {@code SSH_CONNECTION} (ssh(1)), of this process or the nearest of its parents; empty: there is none. */
    public static String find() {
        String own = System.getenv(NAME);
        if (own != null) {
            return own;
        }
        Optional<ProcessHandle> parent = ProcessHandle.current().parent();
        for (int i = 0; i < MOST_PARENTS && parent.isPresent(); i++) {
            Optional<String> found = of(parent.get().pid());
            if (found.isPresent()) {
                return found.get();
            }
            parent = parent.get().parent();
        }
        return "";
    }

    private static Optional<String> of(long pid) {
        try {
            String environment =
                    Files.readString(Path.of("/proc", Long.toString(pid), "environ"), StandardCharsets.ISO_8859_1);
            for (String variable : environment.split("\0")) {
                if (variable.startsWith(NAME + "=")) {
                    return Optional.of(variable.substring(NAME.length() + 1));
                }
            }
        } catch (IOException notOurs) {
            // The process of another user, or one that has ended: its parents may tell.
            return Optional.empty();
        }
        return Optional.empty();
    }
}
