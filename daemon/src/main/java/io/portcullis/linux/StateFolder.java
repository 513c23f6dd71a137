package io.portcullis.linux;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where the daemon keeps what must outlive it: the folders that systemd made for the unit (RUNTIME_DIRECTORY, STATE_DIRECTORY;
 * systemd.exec(5)), else {@code /run/portcullis} and {@code /var/lib/portcullis}. They do not depend on the configuration, which
 * may be faulty or gone.
 */
public final class StateFolder {
    private static final String RUNTIME = "/run/portcullis";
    private static final String LASTING = "/var/lib/portcullis";

    private StateFolder() {}

    /**
     * What belongs to this boot: what a stop must restore, locks, claims. In another network namespace than the machine's first
     * one it is a folder of that namespace's own, {@code netns-NUMBER} in it.
     *
     * @throws IOException if the kernel does not tell the namespace
     */
    public static Path ofThisBoot() throws IOException {
        Path folder = first(System.getenv("RUNTIME_DIRECTORY"), RUNTIME);
        return NetworkNamespace.isInitial() ? folder : folder.resolve("netns-" + NetworkNamespace.number());
    }

    /**
     * The lock that a daemon holds as long as it lives.
     *
     * @param state of {@link #ofThisBoot}
     */
    public static Path lock(Path state) {
        return state.resolve("daemon.lock");
    }

    /** What outlives a boot: the last good configuration. */
    public static Path lasting() {
        return first(System.getenv("STATE_DIRECTORY"), LASTING);
    }

    private static Path first(@Nullable String folders, String fallback) {
        return Path.of(folders == null || folders.isEmpty() ? fallback : folders.split(":", 2)[0]);
    }
}
