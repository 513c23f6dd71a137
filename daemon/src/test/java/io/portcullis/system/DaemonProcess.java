package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.TableReport;
import io.portcullis.control.ControlClient;
import io.portcullis.control.Unreachable;
import io.portcullis.service.FlowFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The packaged daemon in a lab's firewall, as its users know it: files, signals, log, socket, HTTP. */
final class DaemonProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
    private static final long STOP_TIMEOUT_S = 15;

    private final Lab lab;
    private final Path config;
    private final Path log;
    private final Path socket;
    private final Process process;

    private DaemonProcess(Lab lab, Path config, Path log, Path socket, Process process) {
        this.lab = lab;
        this.config = config;
        this.log = log;
        this.socket = socket;
        this.process = process;
    }

    static DaemonProcess start(Lab lab, String yaml, List<String> environment) {
        try {
            Path folder = Files.createTempDirectory(lab.folder(), "daemon");
            Path etc = Files.createDirectory(folder.resolve("etc"));
            Path config = etc.resolve("portcullis.yaml");
            Path socket = folder.resolve("run").resolve("control.sock");
            Path log = folder.resolve("log");
            Files.writeString(config, withSocket(yaml, socket));
            return start(lab, config, log, socket, environment);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static DaemonProcess start(Lab lab, Path config, Path log, Path socket, List<String> environment) {
        Process process = lab.start(
                "fw",
                log,
                environment,
                Lab.root().resolve("scripts/portcullis").toString(),
                "run",
                "--config",
                config.toString());
        DaemonProcess daemon = new DaemonProcess(lab, config, log, socket, process);
        Lab.await("the daemon's start", () -> !process.isAlive() || daemon.log().contains(" stands: "));
        if (!process.isAlive()) {
            throw new AssertionError("the daemon ended:\n" + daemon.log());
        }
        return daemon;
    }

    private static String withSocket(String yaml, Path socket) {
        return yaml + "\ncontrol: {socket: " + socket + "}\n";
    }

    /** What it has logged. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path socket() {
        return socket;
    }

    Path config() {
        return config;
    }

    Process process() {
        return process;
    }

    /** Writes the file in place and returns when the daemon obeys it. */
    void edit(String yaml) {
        long before = generation();
        write(config, yaml);
        Lab.await("the edited rules", () -> generation() > before);
    }

    /** Writes another file and renames it, as editors do; returns when the daemon obeys it. */
    void editByRename(String yaml) {
        long before = generation();
        Path other = config.resolveSibling(".portcullis.yaml.swp");
        write(other, yaml);
        try {
            Files.move(other, config, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Lab.await("the renamed rules", () -> generation() > before);
    }

    /** Writes the file, and waits for nothing. */
    void write(String yaml) {
        write(config, yaml);
    }

    private void write(Path file, String yaml) {
        try {
            Files.writeString(file, withSocket(yaml, socket));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long generation() {
        return status().path("generation").asLong();
    }

    JsonNode status() {
        try {
            return JSON.readTree(ControlClient.call(socket, "GET", "/v1/status", CALL_TIMEOUT)
                    .body());
        } catch (Unreachable e) {
            throw new AssertionError(log(), e);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs the command line against this daemon. */
    Command cli(String command, String... more) {
        String[] words = new String[more.length + 4];
        words[0] = Lab.root().resolve("scripts/portcullis").toString();
        words[1] = command;
        words[2] = "--socket";
        words[3] = socket.toString();
        System.arraycopy(more, 0, words, 4, more.length);
        return lab.firewall(words);
    }

    /** Where one of the flow tables of interface web0 is. */
    Path tableFile(int worker) {
        return socket.resolveSibling("flows-web0").resolve(Integer.toString(worker));
    }

    /** What stands there, whether the daemon runs or has ended. */
    TableReport table(int worker) {
        try {
            return FlowFile.verify(tableFile(worker));
        } catch (IOException | TableHeader.UnknownTable e) {
            throw new AssertionError(log(), e);
        }
    }

    /** Runs {@code portcullis flows}, which needs no daemon. */
    Command flows(String... words) {
        return lab.firewall(
                Stream.concat(Stream.of(Lab.root().resolve("scripts/portcullis").toString(), "flows"), Stream.of(words))
                        .toArray(String[]::new));
    }

    String http(String path) {
        return lab.firewall("curl", "-s", "-m", "5", "http://127.0.0.1:9750" + path)
                .ok()
                .out();
    }

    /** The value of a metric, its labels written as in the scrape; 0 where it is absent. */
    double metric(String nameAndLabels) {
        return http("/metrics")
                .lines()
                .filter(line -> line.startsWith(nameAndLabels + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** The daemon itself; {@code ip netns exec} and the launcher become it. */
    void signal(String name) {
        Command.run("kill", "-" + name, Long.toString(process.pid())).ok();
    }

    /** Kills it, without a chance to put anything back. */
    void crash() {
        signal("KILL");
        awaitEnd();
    }

    /** SIGTERM, as systemd stops it before it starts it again. */
    void terminate() {
        if (process.isAlive()) {
            signal("TERM");
            awaitEnd();
            assertFalse(log().contains("did not end"), this::log);
        }
    }

    /** SIGTERM and {@code detach}, as systemd stops it for good. */
    @Override
    public void close() {
        boolean ran = process.isAlive();
        terminate();
        if (ran) {
            cli("detach").ok();
        }
    }

    /** Another one, with the same rules and the same folder, in the place of one that has ended. */
    DaemonProcess again() {
        return again(List.of());
    }

    /** As {@link #again()}, where the start is refused; the log says why. */
    DaemonProcess refusedAgain() {
        Process refused = lab.start(
                "fw", log, Lab.root().resolve("scripts/portcullis").toString(), "run", "--config", config.toString());
        Lab.await("the refusal", () -> !refused.isAlive());
        return new DaemonProcess(lab, config, log, socket, refused);
    }

    DaemonProcess again(List<String> environment) {
        try {
            Files.writeString(log, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return start(lab, config, log, socket, environment);
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("did not end:\n" + log());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
