package io.portcullis.control;

import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP with JSON over a Unix socket, for the command line: {@code GET /v1/status}, {@code GET /v1/version},
 * {@code POST /v1/reload} (200, or 422 where the configuration was refused). Every other answer is {@code {"error": "…"}}.
 */
public final class ControlServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlServer.class);

    /** {@code GET /v1/version}. */
    record VersionReport(String name, String version) {}

    private final HttpServer server;
    private final Path socket;

    private ControlServer(HttpServer server, Path socket) {
        this.server = server;
        this.socket = socket;
    }

    /**
     * Listens and serves. The socket is for root and the group {@code portcullis} only; its folder is made where it is
     * missing; a socket that a dead daemon left is replaced.
     *
     * @param socket absolute
     * @param executor runs {@link Operations#reload}
     * @throws ServerException if it can't listen there, or another daemon does
     */
    public static ControlServer open(Path socket, Operations operations, Executor executor) throws ServerException {
        return open(socket, operations, executor, HttpServer.IDLE);
    }

    static ControlServer open(Path socket, Operations operations, Executor executor, Duration idle)
            throws ServerException {
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
                        request -> CompletableFuture.supplyAsync(() -> explain(operations, request), executor)),
                new Routes.Resource(
                        "POST",
                        "/v1/reload",
                        _ -> CompletableFuture.supplyAsync(operations::reload, executor)
                                .thenApply(report -> Response.json(report.ok() ? 200 : 422, report))));
        SocketFile file = SocketFile.prepare(socket);
        HttpServer server = new HttpServer("portcullis-control", routes, idle);
        boolean open = false;
        try {
            server.listen(
                    EpollServerDomainSocketChannel.class,
                    new DomainSocketAddress(file.unpublished().toFile()));
            file.publish();
            open = true;
            return new ControlServer(server, socket);
        } catch (IOException e) {
            throw new ServerException("control.socket " + socket + ": " + e.getMessage(), e);
        } finally {
            if (!open) {
                server.close();
            }
        }
    }

    private static Response explain(Operations operations, Request request) {
        try {
            return Response.json(200, operations.explain(Question.of(request.query())));
        } catch (IllegalArgumentException misuse) {
            return Response.error(400, String.valueOf(misuse.getMessage()));
        }
    }

    @Override
    public String toString() {
        return "the control server on " + socket;
    }

    /** Removes the socket, closes all connections; waits up to seconds for the thread to end. */
    @Override
    public void close() {
        // First the file, while nobody else can have taken its place: who finds it, finds us answering.
        try {
            Files.deleteIfExists(socket);
        } catch (IOException e) {
            LOG.warn("{} stays behind: {}", socket, e.getMessage());
        }
        server.close();
    }
}
