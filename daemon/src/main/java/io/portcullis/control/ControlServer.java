package io.portcullis.control;

import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.portcullis.http.HttpServer;
import io.portcullis.http.Listening;
import io.portcullis.http.Request;
import io.portcullis.http.Response;
import io.portcullis.http.Routes;
import io.portcullis.http.ServerException;
import io.portcullis.http.SocketFile;
import io.portcullis.operations.DaemonApi;
import io.portcullis.operations.ExplainRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * HTTP with JSON over a Unix socket, for the command line: {@code GET /v1/status}, {@code GET /v1/version},
 * {@code GET /v1/explain}, {@code POST /v1/reload} and {@code POST /v1/reload?allow-lockout=true} (200, or 422 where the configuration was refused). Every other answer is {@code {"error": "…"}}.
 */
public final class ControlServer implements Listening.Server {
    private static final String ALLOW_LOCKOUT = "allow-lockout";

    /** {@code GET /v1/version}. */
    record VersionReport(String name, String version) {}

    private final HttpServer server;
    private final SocketFile.Published socket;
    private final ExecutorService questions;

    private ControlServer(HttpServer server, SocketFile.Published socket, ExecutorService questions) {
        this.server = server;
        this.socket = socket;
        this.questions = questions;
    }

    /**
     * Listens and serves. The socket is for root and the group {@code portcullis} only; its folder is made where it is
     * missing; a socket that a dead daemon left is replaced.
     *
     * @param socket absolute
     * @param executor runs {@link DaemonApi#reload}, one at a time
     * @throws ServerException if it can't listen there, or another daemon does
     */
    public static ControlServer open(Path socket, DaemonApi operations, Executor executor) throws ServerException {
        return open(socket, operations, executor, HttpServer.IDLE);
    }

    static ControlServer open(Path socket, DaemonApi operations, Executor executor, Duration idle)
            throws ServerException {
        // Not behind a reload that takes long.
        ExecutorService questions = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("portcullis-explain").factory());
        Routes routes = new Routes(
                new Routes.Resource(
                        "GET",
                        "/v1/status",
                        _ -> CompletableFuture.completedFuture(Response.json(200, operations.status()))),
                new Routes.Resource(
                        "GET",
                        "/v1/version",
                        _ -> CompletableFuture.completedFuture(Response.json(
                                200,
                                new VersionReport(
                                        "portcullis", operations.status().version())))),
                new Routes.Resource(
                        "GET",
                        "/v1/explain",
                        request -> CompletableFuture.supplyAsync(() -> explain(operations, request), questions)),
                new Routes.Resource("POST", "/v1/reload", request -> reload(operations, request, executor)));
        SocketFile file = SocketFile.prepare(socket);
        HttpServer server = new HttpServer("portcullis-control", routes, idle);
        boolean open = false;
        try {
            server.listen(
                    EpollServerDomainSocketChannel.class,
                    new DomainSocketAddress(file.unpublished().toFile()));
            SocketFile.Published published = file.publish();
            open = true;
            return new ControlServer(server, published, questions);
        } catch (IOException e) {
            throw new ServerException("control.socket " + socket + ": " + e.getMessage(), e);
        } finally {
            if (!open) {
                server.close();
                file.discard();
                questions.shutdownNow();
            }
        }
    }

    private static CompletableFuture<Response> reload(DaemonApi operations, Request request, Executor executor) {
        String allowed = request.query().getOrDefault(ALLOW_LOCKOUT, "false");
        if (!allowed.equals("true") && !allowed.equals("false")) {
            return CompletableFuture.completedFuture(
                    Response.error(400, ALLOW_LOCKOUT + " must be true or false, not " + allowed));
        }
        return CompletableFuture.supplyAsync(() -> operations.reload(allowed.equals("true")), executor)
                .thenApply(report -> Response.json(report.ok() ? 200 : 422, report));
    }

    public static Response explain(DaemonApi operations, Request request) {
        try {
            return Response.json(200, operations.explain(ExplainRequest.of(request.query())));
        } catch (IllegalArgumentException misuse) {
            return Response.error(400, String.valueOf(misuse.getMessage()));
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

    /** Removes the socket where it is still ours, closes all connections; waits up to seconds for the thread to end. */
    @Override
    public void close() {
        // First the file, while nobody else can have taken its place: who finds it, finds us answering.
        socket.remove();
        server.close();
        questions.shutdownNow();
    }
}
