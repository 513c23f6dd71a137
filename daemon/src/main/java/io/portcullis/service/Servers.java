package io.portcullis.service;

import io.portcullis.config.Ec2Api;
import io.portcullis.config.Metrics;
import io.portcullis.control.Admins;
import io.portcullis.control.ControlServer;
import io.portcullis.control.MetricsServer;
import io.portcullis.ec2.CloudStore;
import io.portcullis.ec2.Ec2Server;
import io.portcullis.ec2.Endpoint;
import io.portcullis.ec2.RateLimit;
import io.portcullis.ec2.action.Actions;
import io.portcullis.ec2.auth.CredentialsFile;
import io.portcullis.ec2.auth.WatchedCredentials;
import io.portcullis.http.Listening;
import io.portcullis.http.ServerCertificate;
import io.portcullis.http.ServerException;
import io.portcullis.http.TcpAddress;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.metrics.Meters;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The control socket, the metrics listener and the EC2 endpoint. The firewall runs without them: one that can't listen is tried again every second.
 * One thread at a time opens and closes them.
 */
final class Servers implements AutoCloseable {
    private final DaemonQueries queries;
    private final DaemonCommands commands;
    private final Meters meters;
    private final Executor reloads;
    private final Admins admins;
    private @Nullable Path socket;
    private @Nullable Metrics listen;
    private volatile @Nullable Listening control;
    private volatile @Nullable Listening metrics;
    private final Supplier<CloudStore> stores;
    private @Nullable CloudStore store;
    private volatile @Nullable Ec2 ec2;

    /** The endpoint that is open, or is being opened, and what it needs. */
    private record Ec2(
            Ec2Api api, Listening listening, ExecutorService executor, AtomicReference<@Nullable Ec2Server> server) {
        void close() {
            listening.close();
            // A call that waits for the daemon's lock must not hold the thread up that has it.
            executor.shutdown();
        }
    }

    /**
     * Listens nowhere yet.
     *
     * @param admins name of the group that may change something now; empty: root alone
     * @param stores the configuration for the EC2 endpoint; asked once, when the first one is opened
     */
    Servers(
            DaemonQueries queries,
            DaemonCommands commands,
            Meters meters,
            Executor reloads,
            Supplier<String> admins,
            Supplier<CloudStore> stores) {
        this.stores = stores;
        this.queries = queries;
        this.commands = commands;
        this.meters = meters;
        this.reloads = reloads;
        this.admins = new Admins(admins);
    }

    /** Listens at these addresses from now on; a listener that has its address already goes on. */
    void open(Path controlSocket, Metrics metricsListen) {
        if (!controlSocket.equals(socket)) {
            close(control);
            socket = controlSocket;
            control = Listening.start("control.socket " + controlSocket, () -> {
                checkFolder(controlSocket);
                return ControlServer.open(controlSocket, queries, commands, admins, reloads);
            });
        }
        Metrics before = listen;
        if (before == null || !before.host().equals(metricsListen.host()) || before.port() != metricsListen.port()) {
            close(metrics);
            listen = metricsListen;
            metrics = Listening.start(
                    "metrics.listen",
                    () -> MetricsServer.open(metricsListen.host(), metricsListen.port(), meters::scrape, queries));
        }
    }

    /**
     * Opens the EC2 endpoint, or closes it; one with the same settings goes on.
     *
     * @param api null: it is off
     */
    void openEc2(@Nullable Ec2Api api) {
        Ec2 before = ec2;
        if (before != null && before.api.equals(api)) {
            return;
        }
        if (before != null) {
            before.close();
            ec2 = null;
        }
        if (api != null) {
            CloudStore managed = store == null ? stores.get() : store;
            store = managed;
            ExecutorService executor = Endpoint.newExecutor();
            AtomicReference<@Nullable Ec2Server> server = new AtomicReference<>();
            Optional<Path> systemd =
                    Optional.ofNullable(System.getenv("CREDENTIALS_DIRECTORY")).map(Path::of);
            // Once: each attempt to listen would report them anew.
            WatchedCredentials credentials = new WatchedCredentials(
                    CredentialsFile.find(api.credentials(), Ec2Api.CREDENTIALS, systemd), systemd, System::nanoTime);
            Endpoint endpoint = new Endpoint(
                    Optional.ofNullable(api.region()),
                    credentials,
                    new RateLimit(api.rate(), api.rate(), System::nanoTime),
                    Actions.of(managed),
                    InstantSource.system(),
                    executor);
            Listening listening = Listening.start("ec2-api.listen", () -> {
                Ec2Server opened = open(api, endpoint, credentials, systemd);
                server.set(opened);
                return opened;
            });
            ec2 = new Ec2(api, listening, executor, server);
        }
    }

    private static Ec2Server open(Ec2Api api, Endpoint endpoint, WatchedCredentials credentials, Optional<Path> systemd)
            throws ServerException {
        Ec2Api.Tls tls = api.tls();
        return Ec2Server.open(
                new TcpAddress("ec2-api.listen", api.host(), api.port()),
                endpoint,
                credentials,
                tls == null
                        ? null
                        : ServerCertificate.open(
                                new ServerCertificate.Files(tls.cert(), tls.key(), systemd),
                                InstantSource.system(),
                                System::nanoTime));
    }

    /** Why the EC2 endpoint can't be reached, and what callers suffer from; none: it is as configured, or off. */
    List<String> ec2Trouble() {
        Ec2 now = ec2;
        if (now == null) {
            return List.of();
        }
        Ec2Server server = now.server.get();
        return Stream.concat(now.listening.trouble().stream(), server == null ? Stream.empty() : server.warnings())
                .toList();
    }

    /** Waits until both were tried once, {@code most} at most. */
    void awaitFirst(Duration most) {
        Listening first = control;
        Listening second = metrics;
        if (first != null && second != null) {
            boolean _ = first.awaitFirst(most) && second.awaitFirst(most);
        }
    }

    /** Refuses a folder that others may write to: they could replace the socket. */
    private static void checkFolder(Path controlSocket) throws ServerException {
        Path folder = controlSocket.getParent();
        if (folder == null || !Files.exists(folder)) {
            return;
        }
        try {
            Optional<String> fault = TrustedFolder.fault(folder);
            if (fault.isPresent()) {
                throw new ServerException("control.socket " + controlSocket + ": " + fault.get());
            }
        } catch (IOException unknown) {
            throw new ServerException("control.socket " + controlSocket + ": " + unknown.getMessage(), unknown);
        }
    }

    /** Why there is no control socket, and why nobody but root may change something through it; none: all is as configured. */
    List<String> controlTrouble() {
        return Stream.concat(trouble(control).stream(), admins.trouble().stream())
                .toList();
    }

    /** Why there is no metrics listener; empty: there is one. */
    Optional<String> metricsTrouble() {
        return trouble(metrics);
    }

    private static Optional<String> trouble(@Nullable Listening of) {
        return of == null ? Optional.empty() : of.trouble();
    }

    private static void close(@Nullable Listening of) {
        if (of != null) {
            of.close();
        }
    }

    @Override
    public void close() {
        Ec2 open = ec2;
        if (open != null) {
            open.close();
        }
        close(metrics);
        close(control);
        admins.close();
    }
}
