package io.portcullis.service;

import io.portcullis.config.Metrics;
import io.portcullis.control.Admins;
import io.portcullis.control.ControlServer;
import io.portcullis.control.MetricsServer;
import io.portcullis.http.Listening;
import io.portcullis.http.ServerException;
import io.portcullis.linux.TrustedFolder;
import io.portcullis.metrics.Meters;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The control socket and the metrics listener. The firewall runs without either: one that can't listen is tried again every second.
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

    /**
     * Listens nowhere yet.
     *
     * @param admins name of the group that may change something now; empty: root alone
     */
    Servers(DaemonQueries queries, DaemonCommands commands, Meters meters, Executor reloads, Supplier<String> admins) {
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
        close(metrics);
        close(control);
        admins.close();
    }
}
