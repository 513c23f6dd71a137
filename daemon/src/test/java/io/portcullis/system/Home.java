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
 * daemon; the next one uses them.
 *
 * @param socket the control socket's path in the configuration
 */
public record Home(Lab lab, Path folder, Path socket) {
    /** The warm-up takes most of a start, on all cores, and the tests start hundreds of daemons. */
    private static final String WITHOUT_WARM_UP = "PORTCULLIS_JAVA_OPTS=-Dportcullis.warm-up=off";

    /** Without options of the tests, as users start it. */
    public static final String WITH_WARM_UP = "PORTCULLIS_JAVA_OPTS=";

    /** True: the interfaces of all configurations have {@code offload: auto} (system property portcullis.offload). */
    static final boolean OFFLOAD = Boolean.getBoolean("portcullis.offload");

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

    /** The same files with another control socket. */
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

    /** RUNTIME_DIRECTORY. The control socket and the flow tables are in it unless the configuration says otherwise. */
    public Path runtime() {
        return folder.resolve("run");
    }

    /** STATE_DIRECTORY. */
    public Path lasting() {
        return folder.resolve("lib");
    }

    /** The folder of the files that must outlive the daemon until the next boot. */
    public Path state() {
        return runtime().resolve("netns-" + lab.namespaceNumber());
    }

    /** The journals of what must be restored, and the files beside them. */
    public List<Path> journals() {
        try (Stream<Path> files = Files.list(state())) {
            return files.filter(file -> file.getFileName().toString().startsWith("restore-"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the configuration and does not wait. */
    public void write(String yaml) {
        try {
            Files.writeString(config(), withSocket(yaml));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String withSocket(String yaml) {
        String all = OFFLOAD && !yaml.contains("datapath: pcap") && !yaml.contains("offload:")
                ? yaml.replaceAll("mode: (bridge|host)", "mode: $1, offload: auto")
                : yaml;
        return all + "\ncontrol: {socket: " + socket + "}\n";
    }

    /** Gives its folders the mode that systemd would give them. */
    public void openToReaders() {
        Command.run("chmod", "755", folder.toString(), runtime().toString()).ok();
        Command.run("chmod", "700", lasting().toString()).ok();
    }

    /** So the next daemon's log is not mixed with that of the previous one. */
    public void forgetLog() {
        try {
            Files.writeString(log(), "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The environment of a daemon of this home, of the form NAME=VALUE. The last of a name counts. */
    public List<String> environment(String... more) {
        List<String> all = new ArrayList<>(
                List.of("RUNTIME_DIRECTORY=" + runtime(), "STATE_DIRECTORY=" + lasting(), WITHOUT_WARM_UP));
        all.addAll(Arrays.asList(more));
        return all;
    }

    /** Starts a daemon and does not wait for it. */
    public DaemonProcess launch(String... environment) {
        return launched(environment(environment), PROGRAM, "run", "--config", config().toString());
    }

    /** As {@link #launch}, through another program that execs it: {@code env}, {@code sh -c}. */
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

    /** Starts a daemon and waits for its start; an interface may still be waiting. */
    public DaemonProcess start(String... environment) {
        return launch(environment).awaitStart(" started: ");
    }

    /** Starts a daemon without a usable configuration: its file is faulty and there is no last good one. */
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
