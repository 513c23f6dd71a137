package io.portcullis.bench.lab;

import java.nio.file.Path;

/** Where the files of a run are: {@code scripts/bench} tells it by system properties. */
public final class Folders {
    private static final Path ROOT = property("portcullis.bench.root");
    private static final Path WORK = property("portcullis.bench.work");

    private Folders() {}

    private static Path property(String name) {
        return Path.of(System.getProperty(name, ".")).toAbsolutePath().normalize();
    }

    /** The checkout. */
    public static Path root() {
        return ROOT;
    }

    /** A folder for the files of this run, with the C programs in it. It is removed at the end of the run. */
    public static Path work() {
        return WORK;
    }

    /** A file in {@link #work()}. */
    public static Path work(String file) {
        return WORK.resolve(file);
    }

    /** The script that starts the daemon and its commands. */
    public static String launcher() {
        return ROOT.resolve("scripts/portcullis").toString();
    }
}
