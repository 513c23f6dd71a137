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

/** The packaged daemon in a lab's firewall, as its users see it: files, signals, log, socket, HTTP. */
public final class DaemonProcess implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
    private static final long STOP_TIMEOUT_S = 30;

    /** An answer of /healthz; code 0 if there was none. */
    public record Health(int code, String body) {
        public boolean isOk() {
            return code == 200;
        }

        public boolean isFault(String words) {
            return code == 503 && body.contains(words);
        }
    }

    /** Requests within this time get the same scrape. */
    private static final long METRICS_ARE_SHARED_NS = TimeUnit.SECONDS.toNanos(1);

    private final Home home;
    private final Process process;

    /** The time from which a scrape is a new one; 0: now. */
    private long freshNs;

    public DaemonProcess(Home home, Process process) {
        this.home = home;
        this.process = process;
    }

    /** Waits until its log contains the text; returns this daemon. */
    public DaemonProcess awaitStart(String line) {
        Lab.await("the daemon's start", () -> !process.isAlive() || log().contains(line));
        if (!process.isAlive()) {
            throw new AssertionError("the daemon ended:\n" + log());
        }
        return this;
    }

    /** Its log so far. */
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

    /** Writes the file in place; returns once the daemon has applied it. */
    public void edit(String yaml) {
        long before = generation();
        write(yaml);
        Lab.await("the edited rules", () -> generation() > before);
    }

    /** Writes another file and renames it, as editors do; returns once the daemon has applied it. */
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

    /** Writes the file and does not wait. */
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

    /** The file of a flow table of interface web0. */
    public Path tableFile(int worker) {
        return socket().resolveSibling("flows-web0").resolve(Integer.toString(worker));
    }

    /** Lists the flows, whether the daemon runs or has ended. */
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

    /** Waits until the shared scrape is no older than this call. */
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

    /** Waits until it is healthy; returns the milliseconds that it took. */
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

    /** The process of the daemon: {@code ip netns exec} and the launcher exec it. */
    public void signal(String name) {
        Command.run("kill", "-" + name, Long.toString(process.pid())).ok();
    }

    /** Names of its threads, as the kernel truncates them: at most 15 bytes. */
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

    /** SIGTERM, as systemd sends it before a restart. */
    public void terminate() {
        if (process.isAlive()) {
            signal("TERM");
            awaitEnd();
            assertFalse(log().contains("did not end"), this::log);
        }
    }

    /** SIGTERM and {@code detach}, as systemd does at a stop. */
    @Override
    public void close() {
        boolean ran = process.isAlive();
        terminate();
        if (ran) {
            detach().ok();
        }
    }

    /** Runs {@code detach} for this daemon, which has ended. */
    public Command detach() {
        return detach(cli("detach"));
    }

    private Command detach(Command detach) {
        if (detach.exit() == 0) {
            home.lab().detached(home);
        }
        return detach;
    }

    /** Ends it and runs {@code detach}, whatever its state. */
    public void end() {
        process.destroyForcibly();
        awaitEnd();
        detach(cli("detach", "--despite-panic")).ok();
    }

    /** Starts another daemon with the same rules and folders after this one has ended. */
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
