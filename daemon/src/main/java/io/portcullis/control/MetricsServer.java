package io.portcullis.control;

import io.portcullis.http.HostNames;
import io.portcullis.http.HttpServer;
import io.portcullis.http.Listening;
import io.portcullis.http.Response;
import io.portcullis.http.Routes;
import io.portcullis.http.ServerException;
import io.portcullis.http.TcpAddress;
import io.portcullis.metrics.Scrape;
import io.portcullis.operations.DaemonQueries;
import io.portcullis.operations.Health;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * HTTP over TCP for Prometheus and health checks: {@code GET /metrics}, and {@code GET /healthz}, which answers 200 and
 * {@code ok}, or 503 and one problem a line.
 */
public final class MetricsServer implements Listening.Server {
    /** Gathers the metrics; called on one thread of the server, one scrape at a time. */
    @FunctionalInterface
    public interface Scraper {
        /** All metrics now. */
        Scrape scrape(Scrape.Format format);
    }

    private final HttpServer server;
    private final Scrapes scrapes;
    private final InetSocketAddress address;

    private MetricsServer(HttpServer server, Scrapes scrapes, InetSocketAddress address) {
        this.server = server;
        this.scrapes = scrapes;
        this.address = address;
    }

    /**
     * Listens and serves. An address that this host does not have yet works as soon as a NIC has it.
     *
     * @param host an address, or a name, which is looked up now; an IPv6 address without brackets
     * @param port 0: any free one
     * @param queries for {@link DaemonQueries#health} only
     * @throws ServerException if it can't listen there
     */
    public static MetricsServer open(String host, int port, Scraper scraper, DaemonQueries queries)
            throws ServerException {
        TcpAddress named = new TcpAddress("metrics.listen", host, port);
        InetSocketAddress wanted = named.resolve();
        Scrapes scrapes = new Scrapes(scraper);
        Routes routes = new Routes(
                new HostNames(host),
                new Routes.Resource("GET", "/metrics", request -> scrapes.ask(Scrape.Format.of(request.accept()))),
                new Routes.Resource("GET", "/healthz", _ -> healthz(queries.health())));
        HttpServer server = new HttpServer("portcullis-metrics", routes, HttpServer.IDLE);
        boolean open = false;
        try {
            InetSocketAddress address = server.listen(named, wanted);
            open = true;
            return new MetricsServer(server, scrapes, address);
        } finally {
            if (!open) {
                server.close();
                scrapes.close();
            }
        }
    }

    private static CompletableFuture<Response> healthz(Health health) {
        return CompletableFuture.completedFuture(
                health.healthy()
                        ? Response.text(200, "ok\n")
                        : Response.text(503, String.join("\n", health.problems()) + "\n"));
    }

    /** The address that it listens at, with the port that the kernel chose. */
    public InetSocketAddress address() {
        return address;
    }

    @Override
    public Optional<String> trouble() {
        return server.isListening()
                ? Optional.empty()
                : Optional.of("metrics.listen " + address + ": its socket is gone");
    }

    @Override
    public String toString() {
        return "the metrics server on " + address;
    }

    /** Closes all connections; waits a few seconds at most for the thread to end. */
    @Override
    public void close() {
        server.close();
        scrapes.close();
    }
}
