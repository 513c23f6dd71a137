package io.portcullis.service.command;

import io.portcullis.guard.StartException;
import io.portcullis.guard.WarmUp;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.netlink.Nic;
import io.portcullis.linux.netlink.Nics;
import io.portcullis.linux.netlink.Veth;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.service.Daemon;
import io.portcullis.service.process.Logs;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Starts and stops a daemon in an empty network namespace, on a veth pair that it creates. */
public final class Rehearsal {
    private static final String RULES = """
            version: 1
            interfaces:
              rehearsal: {mode: host, nic: try0, security-groups: [web]}
            security-groups:
              web: {ingress: [{protocol: tcp, ports: [80, 443], from: any}, {protocol: icmp, type: echo-request, from: any}]}
            metrics: {listen: "127.0.0.1:%d"}
            control: {socket: %s}
            log: {level: error}
            """;

    /** Of a network namespace that nobody else uses. */
    private static final int METRICS_PORT = 9750;

    /** A file in the folder: the daemon goes on until it is gone, as commands are rehearsed with it. */
    private static final String HOLD = "hold";

    /** A file in the folder: the interface is guarded, so that commands can ask about it. The socket is there earlier. */
    private static final String STARTED = "started";

    private static final Duration LONGEST_START = Duration.ofSeconds(60);
    private static final Duration LONGEST_HOLD = Duration.ofSeconds(30);
    private static final long POLL_MS = 20;

    private Rehearsal() {}

    /**
     * Starts, reloads, asks for status and metrics, warms up, stops; waits before the last while the folder has a file {@code hold}.
     *
     * @param folder for the configuration and the socket
     * @return the reasons why it failed; empty: it did not
     * @throws IOException if the folder can't be written to
     */
    public static List<String> run(Path folder) throws IOException, InterruptedException {
        try {
            List<Nic> others =
                    Nics.all().stream().filter(nic -> !nic.loopback()).toList();
            if (!others.isEmpty()) {
                return List.of("rehearse needs an empty network namespace (unshare --net), and this one has "
                        + others.getFirst().name());
            }
            Nics.setUp(Nics.named("lo"), true);
            Veth.create("try0", "try1", "portcullis rehearsal");
        } catch (ErrnoException refused) {
            return List.of(String.valueOf(refused.getMessage()));
        }
        Path file = file(folder);
        Files.writeString(file, RULES.formatted(METRICS_PORT, socket(folder)));
        Logs.start(false);
        try (Daemon daemon = Daemon.start(file, null, true)) {
            Files.createFile(folder.resolve(STARTED));
            daemon.reload(new ReloadRequest(false, false), Actor.UNKNOWN);
            daemon.status();
            scrape();
            WarmUp.run(() -> false);
            until(LONGEST_HOLD, () -> !Files.exists(folder.resolve(HOLD)));
            return List.of();
        } catch (StartException e) {
            return e.faults();
        }
    }

    /** The configuration of the rehearsal's daemon. */
    public static Path file(Path folder) {
        return folder.resolve("portcullis.yaml");
    }

    /** The control socket of the rehearsal's daemon. */
    public static Path socket(Path folder) {
        return folder.resolve("control.sock");
    }

    /** Waits until the daemon of another process guards its interface; false: it does not, after a minute. */
    public static boolean awaitStart(Path folder) throws InterruptedException {
        return until(LONGEST_START, () -> Files.exists(folder.resolve(STARTED)));
    }

    /** Lets the daemon of another process end. */
    public static void release(Path folder) throws IOException {
        Files.deleteIfExists(folder.resolve(HOLD));
    }

    private static boolean until(Duration longest, BooleanSupplier met) throws InterruptedException {
        long rounds = longest.toMillis() / POLL_MS;
        for (long round = 0; round < rounds && !met.getAsBoolean(); round++) {
            // The two processes share nothing but the folder.
            Thread.sleep(POLL_MS);
        }
        return met.getAsBoolean();
    }

    /** Prometheus may ask for the first time while a flood takes all cores; then it should not wait for classes to load. */
    private static void scrape() throws IOException {
        URI metrics = URI.create("http://127.0.0.1:" + METRICS_PORT + "/metrics");
        try (InputStream body = metrics.toURL().openStream()) {
            body.transferTo(OutputStream.nullOutputStream());
        }
    }
}
