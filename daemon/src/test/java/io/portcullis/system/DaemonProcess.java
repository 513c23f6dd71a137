package io.portcullis.system;

import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.flowstore.TableFile;
import io.portcullis.flowstore.TableReport;
import io.portcullis.http.SocketClient;
import io.portcullis.http.Unreachable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** The packaged daemon in a lab's firewall, as its users know it: files, signals, log, socket, HTTP. */
public final class DaemonProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
    private static final long STOP_TIMEOUT_S = 30;

    /** An answer of /healthz; code 0: there was none. */
    public record Health(int code, String body) {
        public boolean isOk() {
            return code == 200;
        }

        public boolean isFault(String words) {
            return code == 503 && body.contains(words);
        }
    }

    /** All who ask within this time get the same scrape. */
    private static final long METRICS_ARE_SHARED_NS = TimeUnit.SECONDS.toNanos(1);

    private final Home home;
    private final Process process;

    /** When the next scrape is a new one; 0: now. */
    private long freshNs;

    public DaemonProcess(Home home, Process process) {
        this.home = home;
        this.process = process;
    }

    /** Itself, when its log has that. */
    public DaemonProcess awaitStart(String line) {
        Lab.await("the daemon's start", () -> !process.isAlive() || log().contains(line));
        if (!process.isAlive()) {
            throw new AssertionError("the daemon ended:\n" + log());
        }
        return this;
    }

    /** What it has logged. */
    public String log() {
        return Lab.read(home.log());
    }

    public Home home() {
        return home;
    }

    public Path socket() {
        return home.socket();
    }

    public Path config() {
        return home.config();
    }

    public Process process() {
        return process;
    }

    /** Writes the file in place and returns when the daemon obeys it. */
    public void edit(String yaml) {
        long before = generation();
        write(yaml);
        Lab.await("the edited rules", () -> generation() > before);
    }

    /** Writes another file and renames it, as editors do; returns when the daemon obeys it. */
    public void editByRename(String yaml) {
        long before = generation();
        Path other = config().resolveSibling(".portcullis.yaml.swp");
        try {
            Files.writeString(other, home.withSocket(yaml));
            Files.move(other, config(), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Lab.await("the renamed rules", () -> generation() > before);
    }

    /** Writes the file, and waits for nothing. */
    public void write(String yaml) {
        home.write(yaml);
    }

    public long generation() {
        return status().path("generation").asLong();
    }

    public JsonNode status() {
        try {
            return JSON.readTree(SocketClient.call(socket(), "GET", "/v1/status", CALL_TIMEOUT)
                    .body());
        } catch (Unreachable e) {
            throw new AssertionError(log(), e);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    /** Runs the command line against this daemon. */
    public Command cli(String command, String... more) {
        return home.portcullis(Stream.concat(Stream.of(command, "--socket", socket().toString()), Stream.of(more))
                .toArray(String[]::new));
    }

    /** Where one of the flow tables of interface web0 is. */
    public Path tableFile(int worker) {
        return socket().resolveSibling("flows-web0").resolve(Integer.toString(worker));
    }

    /** What stands there, whether the daemon runs or has ended. */
    public TableReport table(int worker) {
        try {
            return TableFile.verify(tableFile(worker));
        } catch (IOException | TableHeader.UnknownTable e) {
            throw new AssertionError(log(), e);
        }
    }

    /** Runs {@code portcullis flows}, which needs no daemon. */
    public Command flows(String... words) {
        return home.portcullis(
                Stream.concat(Stream.of("flows"), Stream.of(words)).toArray(String[]::new));
    }

    public String http(String path) {
        boolean shared = path.equals("/metrics");
        if (shared) {
            awaitFreshMetrics();
        }
        String body = home.lab().get("http://127.0.0.1:9750" + path).ok().out();
        if (shared) {
            freshNs = System.nanoTime() + METRICS_ARE_SHARED_NS;
        }
        return body;
    }

    /** Until nobody shares the scrape that was asked for before. */
    private void awaitFreshMetrics() {
        while (freshNs != 0 && freshNs - System.nanoTime() > 0) {
            LockSupport.parkNanos(freshNs - System.nanoTime());
        }
    }

    /** Its health, from the metrics listener. */
    public Health health() {
        String answer = home.lab()
                .firewall("curl", "-s", "-m", "3", "-w", "\n%{http_code}", "http://127.0.0.1:9750/healthz")
                .out();
        int lastLine = answer.lastIndexOf('\n');
        return new Health(Integer.parseInt(answer.substring(lastLine + 1)), answer.substring(0, lastLine));
    }

    /** Waits until it is healthy; how many milliseconds it took. */
    public long awaitHealth() {
        return Lab.await("health", () -> health().isOk());
    }

    /** Waits for a fault with these words in it. */
    public void awaitFault(String words) {
        Lab.await("'" + words + "' in /healthz", () -> health().isFault(words));
    }

    /** The value of a metric, its labels written as in the scrape; 0 where it is absent. */
    public double metric(String nameAndLabels) {
        return http("/metrics")
                .lines()
                .filter(line -> line.startsWith(nameAndLabels + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** The daemon itself; {@code ip netns exec} and the launcher become it. */
    public void signal(String name) {
        Command.run("kill", "-" + name, Long.toString(process.pid())).ok();
    }

    /** Names of its threads, as the kernel cuts them: 15 bytes at most. */
    public List<String> threads() {
        return Command.run("sh", "-c", "cat /proc/" + process.pid() + "/task/*/comm")
                .ok()
                .out()
                .lines()
                .sorted()
                .toList();
    }

    /** Kills it, without a chance to put anything back. */
    public void crash() {
        signal("KILL");
        awaitEnd();
    }

    /** SIGTERM, as systemd stops it before it starts it again. */
    public void terminate() {
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
            detach().ok();
        }
    }

    /** Gives back what this daemon had, which runs no more. */
    public Command detach() {
        return detach(cli("detach"));
    }

    private Command detach(Command detach) {
        if (detach.exit() == 0) {
            home.lab().detached(home);
        }
        return detach;
    }

    /** Ends it, and gives back what it had, whatever state it is in. */
    public void end() {
        process.destroyForcibly();
        awaitEnd();
        detach(cli("detach", "--despite-panic")).ok();
    }

    /** Another one, with the same rules and the same folders, in the place of one that has ended. */
    public DaemonProcess again(String... environment) {
        home.forgetLog();
        return home.start(environment);
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
