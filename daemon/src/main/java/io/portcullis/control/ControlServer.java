package io.portcullis.control;

import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.portcullis.http.HttpServer;
import io.portcullis.http.Listening;
import io.portcullis.http.Request;
import io.portcullis.http.Response;
import io.portcullis.http.Routes;
import io.portcullis.http.ServerException;
import io.portcullis.linux.user.SocketPeer;
import io.portcullis.operations.Actor;
import io.portcullis.operations.ApplyRequest;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.ChangeReport;
import io.portcullis.operations.DaemonCommands;
import io.portcullis.operations.DaemonQueries;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.ExplainRequest;
import io.portcullis.operations.LogLevels;
import io.portcullis.operations.NoSuchChange;
import io.portcullis.operations.PanicRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.operations.RollbackRequest;
import io.portcullis.operations.traffic.DropsRequest;
import io.portcullis.operations.traffic.FlowsRequest;
import io.portcullis.operations.traffic.FlushReport;
import io.portcullis.operations.traffic.FlushRequest;
import io.portcullis.operations.traffic.RulesRequest;
import io.portcullis.operations.traffic.TalkersRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP with JSON over a Unix socket, for the command line: {@code GET /v1/status}, {@code GET /v1/version},
 * {@code GET /v1/explain}, {@code GET /v1/drops}, {@code GET /v1/flows}, {@code GET /v1/talkers}, {@code GET /v1/history}, {@code GET
 * /v1/change}, {@code GET /v1/rules}, {@code GET /v1/log-level}, {@code POST /v1/reload}, with {@code allow-lockout=true} or {@code
 * dry-run=true} in its query, {@code POST /v1/flows/flush}, {@code POST /v1/apply}, {@code /v1/rollback}, {@code /v1/confirm}, {@code
 * /v1/panic}, {@code /v1/bypass} and {@code /v1/log-level} (200, or 422 where nothing has changed). Every client that may connect may
 * look; a change from a process that {@link Admins}
 * refuses gets 403. Every other answer is {@code {"error": "…"}}.
 */
public final class ControlServer implements Listening.Server {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** {@code GET /v1/version}. */
    record VersionReport(String name, String version) {}

    private static final int MOST_CHANGES = 10_000;

    /** Bytes of a request without files. */
    private static final int LONGEST_OPTIONS = 64 << 10;

    private final HttpServer server;
    private final SocketFile.Published socket;
    private final ExecutorService explanations;

    private ControlServer(HttpServer server, SocketFile.Published socket, ExecutorService explanations) {
        this.server = server;
        this.socket = socket;
        this.explanations = explanations;
    }

    /**
     * Listens and serves. Only root and the group {@code portcullis} may connect. Its folder is made if it is missing; the socket
     * that an ended daemon left is replaced.
     *
     * @param socket absolute
     * @param admins who may change something; the caller closes it
     * @param executor runs {@link DaemonCommands#reload}, one at a time
     * @throws ServerException if it can't listen there, or another daemon does
     */
    public static ControlServer open(
            Path socket, DaemonQueries queries, DaemonCommands commands, Admins admins, Executor executor)
            throws ServerException {
        return open(socket, queries, commands, admins, executor, HttpServer.IDLE);
    }

    static ControlServer open(
            Path socket,
            DaemonQueries queries,
            DaemonCommands commands,
            Admins admins,
            Executor executor,
            Duration idle)
            throws ServerException {
        // A thread of its own: an explanation does not wait for a long reload.
        ExecutorService explanations = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("portcullis-explain").factory());
        Routes routes = new Routes(
                new Routes.Resource(
                        "GET",
                        "/v1/status",
                        _ -> CompletableFuture.completedFuture(Response.json(200, queries.status()))),
                new Routes.Resource(
                        "GET",
                        "/v1/version",
                        _ -> CompletableFuture.completedFuture(Response.json(
                                200,
                                new VersionReport("portcullis", queries.status().version())))),
                new Routes.Resource(
                        "GET",
                        "/v1/explain",
                        request -> CompletableFuture.supplyAsync(() -> explain(queries, request), explanations)),
                new Routes.Resource(
                        "GET",
                        "/v1/history",
                        request -> CompletableFuture.supplyAsync(() -> history(queries, request), explanations)),
                new Routes.Resource(
                        "GET",
                        "/v1/rules",
                        request -> CompletableFuture.supplyAsync(() -> rules(queries, request), explanations)),
                new Routes.Resource(
                        "GET",
                        "/v1/change",
                        request -> CompletableFuture.supplyAsync(() -> changeFiles(queries, request), explanations)),
                new Routes.Resource(
                        "GET",
                        "/v1/drops",
                        request -> CompletableFuture.supplyAsync(() -> drops(queries, request), explanations)),
                new Routes.Resource(
                        "GET",
                        "/v1/flows",
                        request -> later(() -> queries.flows().flows(FlowsRequest.of(request.query())))),
                new Routes.Resource(
                        "GET",
                        "/v1/talkers",
                        request -> later(() -> queries.flows().talkers(TalkersRequest.of(request.query())))),
                change("/v1/flows/flush", 0, admins, executor, (request, actor) -> {
                    FlushReport report = commands.flush(FlushRequest.of(request.query()), actor);
                    return Response.json(report.ok() ? 200 : 422, report);
                }),
                new Routes.Resource(
                        "GET",
                        "/v1/log-level",
                        _ -> CompletableFuture.completedFuture(
                                Response.json(200, queries.logLevels().now()))),
                change("/v1/reload", 0, admins, executor, (request, actor) -> {
                    ReloadReport report = commands.reload(ReloadRequest.of(request.query()), actor);
                    return Response.json(report.ok() ? 200 : 422, report);
                }),
                change(
                        "/v1/apply",
                        HttpServer.LARGEST_BODY,
                        admins,
                        executor,
                        (request, actor) -> answer(commands.apply(request.json(ApplyRequest.class), actor))),
                change(
                        "/v1/rollback",
                        LONGEST_OPTIONS,
                        admins,
                        executor,
                        (request, actor) -> answer(commands.rollback(request.json(RollbackRequest.class), actor))),
                change("/v1/confirm", 0, admins, executor, (_, actor) -> answer(commands.confirm(actor))),
                change(
                        "/v1/panic",
                        0,
                        admins,
                        executor,
                        (request, actor) -> answer(commands.panic(PanicRequest.of(request.query()), actor))),
                change(
                        "/v1/bypass",
                        0,
                        admins,
                        executor,
                        (request, actor) -> answer(commands.bypass(BypassRequest.of(request.query()), actor))),
                change(
                        "/v1/log-level",
                        0,
                        admins,
                        executor,
                        (request, actor) -> Response.json(
                                200, queries.logLevels().set(LogLevels.Request.of(request.query()), actor))));
        SocketFile file = SocketFile.prepare(socket);
        HttpServer server = new HttpServer("portcullis-control", routes, idle);
        boolean open = false;
        try {
            server.listen(
                    EpollServerDomainSocketChannel.class,
                    new DomainSocketAddress(file.unpublished().toFile()));
            SocketFile.Published published = file.publish();
            open = true;
            return new ControlServer(server, published, explanations);
        } catch (IOException e) {
            throw new ServerException("control.socket " + socket + ": " + e.getMessage(), e);
        } finally {
            if (!open) {
                server.close();
                file.discard();
                explanations.shutdownNow();
            }
        }
    }

    /** The answer of a thread that is not the server's; 400 where the request makes no sense, 503 where too many wait. */
    private static <T> CompletableFuture<Response> later(Supplier<CompletableFuture<T>> query) {
        CompletableFuture<T> report;
        try {
            report = query.get();
        } catch (IllegalArgumentException misuse) {
            return CompletableFuture.completedFuture(refusal(misuse));
        }
        return report.thenApply(body -> Response.json(200, body)).exceptionally(fault -> {
            return switch (fault.getCause()) {
                case IllegalArgumentException misuse -> refusal(misuse);
                case IllegalStateException busy -> Response.error(503, String.valueOf(busy.getMessage()));
                case null, default -> throw new CompletionException(fault);
            };
        });
    }

    private static Response answer(EmergencyReport report) {
        return Response.json(report.ok() ? 200 : 422, report);
    }

    /** A request that changes something. */
    @FunctionalInterface
    private interface ChangeRequest {
        /** @throws IllegalArgumentException if the request makes no sense; the message is a sentence */
        Response answer(Request request, Actor actor);
    }

    /**
     * A resource that changes something, for {@code admins} only: one request at a time. A refusal waits for none of them.
     *
     * @param mostBytes of its body; 0: it takes none
     */
    private static Routes.Resource change(
            String path, int mostBytes, Admins admins, Executor executor, ChangeRequest change) {
        return new Routes.Resource(
                "POST",
                path,
                mostBytes,
                request -> admins.decide(Objects.requireNonNullElse(request.peer(), SocketPeer.UNKNOWN))
                        .thenCompose(verdict -> verdict.isAdmitted()
                                ? CompletableFuture.supplyAsync(
                                        () -> answer(change, request, verdict.actor()), executor)
                                : CompletableFuture.completedFuture(forbidden(request, verdict.refusal()))));
    }

    private static Response answer(ChangeRequest change, Request request, Actor actor) {
        try {
            return change.answer(request, actor);
        } catch (IllegalArgumentException misuse) {
            return refusal(misuse);
        }
    }

    private static Response refusal(IllegalArgumentException misuse) {
        return Response.error(misuse instanceof NoSuchChange ? 404 : 400, String.valueOf(misuse.getMessage()));
    }

    private static Response answer(ChangeReport report) {
        return Response.json(report.ok() ? 200 : 422, report);
    }

    private static Response history(DaemonQueries queries, Request request) {
        try {
            return Response.json(200, queries.history(Math.clamp(number(request, "limit", 20), 1, MOST_CHANGES)));
        } catch (IllegalArgumentException misuse) {
            return refusal(misuse);
        }
    }

    private static Response drops(DaemonQueries queries, Request request) {
        try {
            return Response.json(200, queries.drops(DropsRequest.of(request.query())));
        } catch (IllegalArgumentException misuse) {
            return refusal(misuse);
        }
    }

    private static Response rules(DaemonQueries queries, Request request) {
        try {
            return Response.json(200, queries.rules(RulesRequest.of(request.query())));
        } catch (IllegalArgumentException misuse) {
            return refusal(misuse);
        }
    }

    private static Response changeFiles(DaemonQueries queries, Request request) {
        try {
            return Response.json(200, queries.change(number(request, "number", 0)));
        } catch (IllegalArgumentException misuse) {
            return refusal(misuse);
        }
    }

    private static long number(Request request, String key, long fallback) {
        String value = request.query().getOrDefault(key, Long.toString(fallback));
        if (!value.matches("[0-9]{1,12}")) {
            throw new IllegalArgumentException(key + " must be a number, not " + value);
        }
        return Long.parseLong(value);
    }

    private static Response forbidden(Request request, String refusal) {
        LOG.info("{} {} is refused: {}", request.method(), request.path(), refusal);
        return Response.error(403, refusal);
    }

    /** The answer to {@code GET /v1/explain}: 200, or 400 where the request makes no sense. */
    public static Response explain(DaemonQueries queries, Request request) {
        try {
            return Response.json(200, queries.explain(ExplainRequest.of(request.query())));
        } catch (IllegalArgumentException misuse) {
            return refusal(misuse);
        }
    }

    @Override
    public Optional<String> trouble() {
        return server.isListening()
                ? socket.trouble()
                : Optional.of("control.socket " + socket.path() + ": its socket is closed");
    }

    @Override
    public String toString() {
        return "the control server on " + socket.path();
    }

    /** Removes the socket if it is still ours, and closes all connections; waits a few seconds at most for the thread to end. */
    @Override
    public void close() {
        // First the file, while another daemon can't have replaced it: a client that finds it gets an answer.
        socket.remove();
        server.close();
        explanations.shutdownNow();
    }
}
