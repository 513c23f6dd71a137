package io.portcullis.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The files of one daemon in a lab: its configuration, its log, and the folders that systemd would make for it. They outlive the
 * daemon, and the next one finds them.
 *
 * @param socket where the configuration has the control socket
 */
public record Home(Lab lab, Path folder, Path socket) {
    /** Of a start with it most is the warm-up, on all cores, and there are hundreds. */
    private static final String WITHOUT_WARM_UP = "PORTCULLIS_JAVA_OPTS=-Dportcullis.warm-up=off";

    /** As users start it, who set nothing. */
    public static final String WITH_WARM_UP = "PORTCULLIS_JAVA_OPTS=";

    public static final String PROGRAM =
            Lab.root().resolve("scripts/portcullis").toString();

    public static Home make(Lab lab, String yaml) {
        try {
            Path folder = Files.createTempDirectory(lab.folder(), "daemon");
            Home home = new Home(lab, folder, folder.resolve("run/control.sock"));
            for (String each : List.of("etc", "run", "lib")) {
                Files.createDirectory(folder.resolve(each));
            }
            home.write(yaml);
            return home;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same files, but for the place of the control socket. */
    public Home withSocket(Path other, String yaml) {
        Home home = new Home(lab, folder, other);
        home.write(yaml);
        return home;
    }

    public Path config() {
        return folder.resolve("etc/portcullis.yaml");
    }

    public Path log() {
        return folder.resolve("log");
    }

    /** RUNTIME_DIRECTORY; the control socket and the flow tables stand in it where nothing else is said. */
    public Path runtime() {
        return folder.resolve("run");
    }

    /** STATE_DIRECTORY. */
    public Path lasting() {
        return folder.resolve("lib");
    }

    /** Where the daemon keeps what must outlive it until the next boot. */
    public Path state() {
        return runtime().resolve("netns-" + lab.namespaceNumber());
    }

    /** The notes of what must be restored, and whatever belongs to them. */
    public List<Path> journals() {
        try (Stream<Path> files = Files.list(state())) {
            return files.filter(file -> file.getFileName().toString().startsWith("restore-"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the configuration, and waits for nothing. */
    public void write(String yaml) {
        try {
            Files.writeString(config(), withSocket(yaml));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String withSocket(String yaml) {
        return yaml + "\ncontrol: {socket: " + socket + "}\n";
    }

    /** Lets others look into its folders as far as systemd would. */
    public void openToReaders() {
        Command.run("chmod", "755", folder.toString(), runtime().toString()).ok();
        Command.run("chmod", "700", lasting().toString()).ok();
    }

    /** So that the next daemon's words are not taken for those of the one before. */
    public void forgetLog() {
        try {
            Files.writeString(log(), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a daemon of this home has in its environment, of the form NAME=VALUE. The last of a name counts. */
    public List<String> environment(String... more) {
        List<String> all = new ArrayList<>(
                List.of("RUNTIME_DIRECTORY=" + runtime(), "STATE_DIRECTORY=" + lasting(), WITHOUT_WARM_UP));
        all.addAll(Arrays.asList(more));
        return all;
    }

    /** A daemon that has only just begun to start. */
    public DaemonProcess launch(String... environment) {
        return launched(environment(environment), PROGRAM, "run", "--config", config().toString());
    }

    /** As {@link #launch}, through another program, which runs it: {@code env}, {@code sh -c}. */
    public DaemonProcess launchThrough(String... before) {
        List<String> words = new ArrayList<>(Arrays.asList(before));
        words.addAll(List.of(PROGRAM, "run", "--config", config().toString()));
        return launched(environment(), words.toArray(String[]::new));
    }

    private DaemonProcess launched(List<String> environment, String... words) {
        DaemonProcess daemon = new DaemonProcess(this, lab.start("fw", log(), environment, words));
        lab.began(this, daemon);
        return daemon;
    }

    /** A daemon that has started when this returns, though an interface may be waiting. */
    public DaemonProcess start(String... environment) {
        return launch(environment).awaitStart(" started: ");
    }

    /** A daemon that has nothing to run from: its file is faulty, and there was no good one before. */
    public DaemonProcess startWaiting() {
        return launch().awaitStart("waits for a valid configuration");
    }

    /** Runs portcullis as the daemon's user would, to its end, within a minute. */
    public Command portcullis(String... words) {
        List<String> all = new ArrayList<>(List.of(PROGRAM));
        all.addAll(Arrays.asList(words));
        return Command.run(lab.inside("fw", environment(), all.toArray(String[]::new)));
    }
}
