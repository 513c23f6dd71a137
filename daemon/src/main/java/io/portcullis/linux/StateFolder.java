package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Folders for files that outlive the daemon: those that systemd creates for the unit (RUNTIME_DIRECTORY, STATE_DIRECTORY;
 * systemd.exec(5)), else {@code /run/portcullis} and {@code /var/lib/portcullis}. They do not depend on the configuration, which may
 * be faulty or missing.
 */
public final class StateFolder {
    private static final String RUNTIME = "/run/portcullis";
    private static final String LASTING = "/var/lib/portcullis";

    private StateFolder() {}

    /**
     * The folder for files of this boot: what a stop must restore, locks, claims. Each network namespace except the initial one has
     * its own, {@code netns-NUMBER} in it.
     *
     * @throws IOException if the namespace can't be read
     */
    public static Path ofThisBoot() throws IOException {
        Path folder = first(System.getenv("RUNTIME_DIRECTORY"), RUNTIME);
        return NetworkNamespace.isInitial() ? folder : folder.resolve("netns-" + NetworkNamespace.number());
    }

    /**
     * The lock file that a daemon holds while it runs.
     *
     * @param state from {@link #ofThisBoot}
     */
    public static Path lock(Path state) {
        return state.resolve("daemon.lock");
    }

    /** The folder for files that outlive a boot: the last good configuration. */
    public static Path lasting() {
        return first(System.getenv("STATE_DIRECTORY"), LASTING);
    }

    /**
     * The file that is loaded at the next boot, before the daemon runs; empty: outside the initial network namespace there is no such
     * boot, unless a unit has given this process a folder of its own.
     *
     * @throws IOException if the namespace can't be read
     */
    public static Optional<Path> bootFile() throws IOException {
        String own = System.getenv("STATE_DIRECTORY");
        return own != null && !own.isEmpty() || NetworkNamespace.isInitial()
                ? Optional.of(lasting().resolve("boot.tc"))
                : Optional.empty();
    }

    private static Path first(@Nullable String folders, String fallback) {
        return Path.of(folders == null || folders.isEmpty() ? fallback : folders.split(":", 2)[0]);
    }
}
