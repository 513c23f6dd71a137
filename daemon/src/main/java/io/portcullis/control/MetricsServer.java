package io.portcullis.control;

import io.netty.channel.Channel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.Errors;
import io.portcullis.metrics.Scrape;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * HTTP over TCP for Prometheus and health checks: {@code GET /metrics}, and {@code GET /healthz}, which answers 200 and
 * {@code ok}, or 503 and one problem a line.
 */
public final class MetricsServer implements AutoCloseable {
    /** Gathers the metrics; asked on the server's own thread. */
    @FunctionalInterface
    public interface Scraper {
        /** All metrics now, in a format that an HTTP {@code Accept} header asks for. */
        Scrape scrape(@Nullable String accept);
    }

    // errno(3) of bind(2), include/uapi/asm-generic/errno*.h
    private static final int EACCES = 13;
    private static final int EADDRINUSE = 98;
    private static final int EADDRNOTAVAIL = 99;

    private final HttpServer server;
    private final InetSocketAddress address;

    private MetricsServer(HttpServer server, InetSocketAddress address) {
        this.server = server;
        this.address = address;
    }

    /**
     * Listens and serves.
     *
     * @param host address or name, an IPv6 address without brackets
     * @param port 0: any free one
     * @param operations asked for {@link Operations#health} only
     * @throws ServerException if it can't listen there
     */
    public static MetricsServer open(String host, int port, Scraper scraper, Operations operations)
            throws ServerException {
        String where = "metrics.listen " + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        InetSocketAddress wanted = new InetSocketAddress(host, port);
        if (wanted.isUnresolved()) {
            throw new ServerException(where + ": no such host; name one of this host's addresses");
        }
        Routes routes = new Routes(
                new Routes.Resource("GET", "/metrics", request -> metrics(scraper.scrape(request.accept()))),
                new Routes.Resource("GET", "/healthz", _ -> healthz(operations.health())));
        HttpServer server = new HttpServer("portcullis-metrics", routes, HttpServer.IDLE);
        try {
            Channel listening = server.listen(EpollServerSocketChannel.class, wanted);
            return new MetricsServer(server, (InetSocketAddress) listening.localAddress());
        } catch (IOException e) {
            server.close();
            throw new ServerException(where + ": " + whyNot(e), e);
        }
    }

    private static String whyNot(IOException refused) {
        int errno = refused instanceof Errors.NativeIoException kernel ? -kernel.expectedErr() : 0;
        return switch (errno) {
            case EADDRINUSE -> "address already in use by another process; change metrics.listen or stop it";
            case EADDRNOTAVAIL ->
                "no interface of this host has that address; change metrics.listen to one that it has";
            case EACCES ->
                "permission denied; a port below 1024 needs root or CAP_NET_BIND_SERVICE, change metrics.listen to a higher"
                        + " one";
            default -> String.valueOf(refused.getMessage());
        };
    }

    private static CompletableFuture<Response> metrics(Scrape scrape) {
        return CompletableFuture.completedFuture(new Response(200, scrape.contentType(), scrape.body(), ""));
    }

    private static CompletableFuture<Response> healthz(Health health) {
        return CompletableFuture.completedFuture(
                health.healthy()
                        ? Response.text(200, "ok\n")
                        : Response.text(503, String.join("\n", health.problems()) + "\n"));
    }

    /** Where it listens, the port that was found included. */
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public String toString() {
        return "the metrics server on " + address;
    }

    /** Closes all connections; waits up to seconds for the thread to end. */
    @Override
    public void close() {
        server.close();
    }
}
