package io.portcullis.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.portcullis.http.Body;
import io.portcullis.http.Connections;
import io.portcullis.http.HostNames;
import io.portcullis.http.Request;
import io.portcullis.http.ServerException;
import io.portcullis.metrics.Meters;
import io.portcullis.metrics.Scrape;
import io.portcullis.operations.Health;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A real server on the loopback, used by Java's own HTTP client. */
@Timeout(60)
@Tag("slow")
final class MetricsServerTest {
    private final FakeDaemon daemon = new FakeDaemon();
    private final Meters meters = new Meters("1.2.3", () -> 0, () -> 0);
    private final HttpClient client =
            HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).build();
    private final List<MetricsServer> open = new ArrayList<>();
    private final List<Socket> sockets = new ArrayList<>();

    @AfterEach
    void close() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        client.close();
        open.forEach(MetricsServer::close);
        meters.close();
    }

    private MetricsServer serve(MetricsServer.Scraper scraper) throws ServerException {
        MetricsServer server = MetricsServer.open("127.0.0.1", 0, scraper, daemon);
        open.add(server);
        return server;
    }

    private static HttpRequest.Builder to(MetricsServer server, String path) {
        return HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.address().getPort() + path));
    }

    private HttpResponse<String> get(MetricsServer server, String path) throws IOException, InterruptedException {
        return client.send(to(server, path).build(), BodyHandlers.ofString());
    }

    private static String type(HttpResponse<?> response) {
        return response.headers().firstValue("content-type").orElse("none");
    }

    @Test
    void metricsAreServedInTheFormatAskedFor() throws Exception {
        MetricsServer server = serve(meters::scrape);
        HttpResponse<String> text = get(server, "/metrics");
        assertEquals(200, text.statusCode());
        assertEquals("text/plain; version=0.0.4; charset=utf-8", type(text));
        assertTrue(text.body().contains("portcullis_build_info{version=\"1.2.3\"} 1\n"), text.body());

        HttpResponse<String> open = client.send(
                to(server, "/metrics")
                        .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
                        .build(),
                BodyHandlers.ofString());
        assertEquals("application/openmetrics-text; version=1.0.0; charset=utf-8", type(open));
        assertTrue(open.body().endsWith("# EOF\n"), open.body());
    }

    @Test
    void healthIsOkOrNamesTheFaults() throws Exception {
        MetricsServer server = serve(meters::scrape);
        HttpResponse<String> well = get(server, "/healthz");
        assertEquals(200, well.statusCode());
        assertEquals("ok\n", well.body());
        assertEquals("text/plain; charset=utf-8", type(well));

        daemon.health = new Health(false, List.of("web0: eth1 has no carrier", "edge: eth3 is gone"));
        HttpResponse<String> ill = get(server, "/healthz");
        assertEquals(503, ill.statusCode());
        assertEquals("web0: eth1 has no carrier\nedge: eth3 is gone\n", ill.body());
    }

    @Test
    void othersAreRefusedInJson() throws Exception {
        MetricsServer server = serve(meters::scrape);
        HttpResponse<String> missing = get(server, "/v1/status");
        assertEquals(404, missing.statusCode());
        assertEquals("{\"error\":\"nothing is at /v1/status; there is GET /metrics, GET /healthz\"}", missing.body());

        HttpResponse<String> posted = client.send(
                to(server, "/metrics")
                        .POST(HttpRequest.BodyPublishers.ofString("x"))
                        .build(),
                BodyHandlers.ofString());
        assertEquals(405, posted.statusCode());
        assertEquals("GET", posted.headers().firstValue("allow").orElse("none"));
        assertEquals("{\"error\":\"/metrics takes GET, not POST\"}", posted.body());

        HttpResponse<String> large = client.send(
                to(server, "/metrics")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[100_000]))
                        .build(),
                BodyHandlers.ofString());
        assertEquals(413, large.statusCode());

        HttpResponse<String> head = client.send(
                to(server, "/metrics")
                        .method("HEAD", HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
        assertEquals(200, head.statusCode());
        assertEquals("", head.body());
    }

    @Test
    void manyScrapesAtOnceAllArriveWhole() throws Exception {
        byte[] body = new byte[4 << 20];
        Arrays.fill(body, (byte) 'x');
        MetricsServer server = serve(_ -> new Scrape("text/plain", body));
        List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
        for (int i = 0; i < Connections.MAX_OF_A_PEER; i++) {
            answers.add(client.sendAsync(to(server, "/metrics").build(), BodyHandlers.ofByteArray()));
        }
        for (CompletableFuture<HttpResponse<byte[]>> answer : answers) {
            assertArrayEquals(body, answer.get().body());
        }
    }

    @Test
    void anHttp10ClientIsAnsweredAndClosed() throws Exception {
        MetricsServer server = serve(meters::scrape);
        try (Socket socket =
                new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.getOutputStream().write("GET /healthz HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n") && answer.endsWith("\r\n\r\nok\n"), answer);
        }
    }

    private String refusal(String host, int port) {
        return String.valueOf(
                assertThrows(ServerException.class, () -> MetricsServer.open(host, port, meters::scrape, daemon))
                        .getMessage());
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            assertEquals(
                    "metrics.listen 127.0.0.1:" + port
                            + ": address already in use by another process; change metrics.listen or stop it",
                    refusal("127.0.0.1", port));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"192.0.2.1", "2001:db8::1"})
    void anAddressThatNoNicHasYetIsBound(String address) throws Exception {
        // For documentation (RFC 5737, RFC 3849): no machine has them.
        open.add(MetricsServer.open(address, 0, meters::scrape, daemon));
        assertEquals(InetAddress.ofLiteral(address), open.getFirst().address().getAddress());
    }

    @Test
    void aHostThatDoesNotExistIsNamed() {
        // Too long a label for the DNS (RFC 1035): no resolver is asked.
        String host = "x".repeat(64) + ".invalid";
        assertEquals(
                "metrics.listen " + host + ":9750: no such host; name one of this host's addresses",
                refusal(host, 9750));
    }

    /** Scrapes that end when they are told to. */
    private static final class SlowScraper implements MetricsServer.Scraper {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch mayEnd = new CountDownLatch(1);
        private final AtomicInteger scrapes = new AtomicInteger();

        @Override
        public Scrape scrape(Scrape.Format format) {
            scrapes.incrementAndGet();
            begun.countDown();
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return new Scrape(format.contentType(), "all\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    @Test
    void aScrapeThatTakesLongKeepsNobodyElseWaiting() throws Exception {
        SlowScraper slow = new SlowScraper();
        MetricsServer server = serve(slow);
        var scrape = client.sendAsync(to(server, "/metrics").build(), BodyHandlers.ofString());
        assertTrue(slow.begun.await(30, TimeUnit.SECONDS));
        assertEquals(200, get(server, "/healthz").statusCode());
        assertFalse(scrape.isDone());
        slow.mayEnd.countDown();
        assertEquals("all\n", scrape.get().body());
    }

    @Test
    void requestsWithinASecondShareOneScrape() throws Exception {
        SlowScraper slow = new SlowScraper();
        MetricsServer server = serve(slow);
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(client.sendAsync(to(server, "/metrics").build(), BodyHandlers.ofString()));
        }
        assertTrue(slow.begun.await(30, TimeUnit.SECONDS));
        // By now the others have been read too, or arrive while the scrape is fresh.
        assertEquals(200, get(server, "/healthz").statusCode());
        slow.mayEnd.countDown();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            assertEquals("all\n", answer.get().body());
        }
        assertEquals(1, slow.scrapes.get());

        TimeUnit.NANOSECONDS.sleep(Scrapes.SHARED_NS);
        assertEquals(200, get(server, "/metrics").statusCode());
        assertEquals(2, slow.scrapes.get(), "what is older than a second is gathered anew");
    }

    @Test
    void aScrapeThatFailsIsNotShared() throws Exception {
        AtomicInteger scrapes = new AtomicInteger();
        MetricsServer server = serve(format -> {
            if (scrapes.incrementAndGet() == 1) {
                throw new IllegalStateException("a test's defect");
            }
            return new Scrape(format.contentType(), new byte[0]);
        });
        assertEquals(500, get(server, "/metrics").statusCode());
        assertEquals(200, get(server, "/metrics").statusCode());
    }

    private Socket connect(MetricsServer server, String from) throws IOException {
        Socket socket = new Socket();
        sockets.add(socket);
        socket.bind(new InetSocketAddress(InetAddress.ofLiteral(from), 0));
        socket.setSoTimeout(30_000);
        socket.connect(new InetSocketAddress(
                InetAddress.ofLiteral("127.0.0.1"), server.address().getPort()));
        return socket;
    }

    private static void ask(Socket socket, String host) throws IOException {
        socket.getOutputStream()
                .write(("GET /metrics HTTP/1.1\r\n" + host + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void peersThatDoNotReadHoldOneBodyAndNoCopies() throws Exception {
        int length = 8 << 20;
        MetricsServer server = serve(format -> new Scrape(format.contentType(), new byte[length]));
        ByteBufAllocatorMetric memory = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
        long before = memory.usedDirectMemory() + memory.usedHeapMemory();
        List<Socket> peers = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Socket peer = connect(server, "127.0.0." + (2 + i / 10));
            ask(peer, "Host: localhost\r\n");
            ask(peer, "Host: localhost\r\n");
            peers.add(peer);
        }
        for (Socket peer : peers) {
            // The answer has begun; the rest of it waits for the peer.
            assertEquals('H', peer.getInputStream().read());
        }
        assertEquals(200, get(server, "/healthz").statusCode());
        long held = memory.usedDirectMemory() + memory.usedHeapMemory() - before;
        assertTrue(held < 2L * length, "40 peers hold " + held + " bytes of buffers");

        int taken = 1;
        InputStream one = peers.getFirst().getInputStream();
        while (taken < 2 * length) {
            taken += one.readNBytes(1 << 20).length;
        }
    }

    @Test
    void thePeerThatHoldsAnOldBodyIsClosedForTheNext() throws Exception {
        byte[][] bodies = new byte[4][(int) Connections.MAX_HELD_BYTES / 3];
        AtomicInteger scrapes = new AtomicInteger();
        MetricsServer server = serve(format -> new Scrape(format.contentType(), bodies[scrapes.getAndIncrement()]));
        List<Socket> peers = new ArrayList<>();
        for (int i = 0; i < bodies.length; i++) {
            Socket peer = connect(server, "127.0.0.2");
            ask(peer, "Host: localhost\r\nConnection: close\r\n");
            assertEquals('H', peer.getInputStream().read());
            peers.add(peer);
            TimeUnit.NANOSECONDS.sleep(Scrapes.SHARED_NS);
        }
        assertEquals(4, scrapes.get());
        for (int i = 1; i < bodies.length; i++) {
            assertTrue(length(peers.get(i)) > bodies[i].length, "peer " + i + " is served");
        }
        assertTrue(length(peers.getFirst()) < bodies[0].length, "the one that took longest was cut");
    }

    /** Counts the bytes until the end of the stream, orderly or not. */
    private static long length(Socket from) throws IOException {
        long length = 0;
        byte[] some = new byte[1 << 20];
        try {
            for (int n = from.getInputStream().read(some);
                    n >= 0;
                    n = from.getInputStream().read(some)) {
                length += n;
            }
        } catch (SocketException reset) {
            return length;
        }
        return length;
    }

    private int statusFrom(String address, MetricsServer server) throws IOException, InterruptedException {
        try (HttpClient from = HttpClient.newBuilder()
                .proxy(HttpClient.Builder.NO_PROXY)
                .localAddress(InetAddress.ofLiteral(address))
                .build()) {
            return from.send(to(server, "/metrics").build(), BodyHandlers.ofString())
                    .statusCode();
        }
    }

    @Test
    void connectionsOfOnePeerLockNobodyOut() throws Exception {
        MetricsServer server = serve(meters::scrape);
        for (int i = 0; i < 200; i++) {
            connect(server, "127.0.0.2");
        }
        assertEquals(200, statusFrom("127.0.0.3", server));
        assertEquals(200, statusFrom("127.0.0.2", server), "itself neither");
    }

    @Test
    void connectionsOfManyPeersLockNobodyOut() throws Exception {
        MetricsServer server = serve(meters::scrape);
        for (int i = 0; i < 200; i++) {
            Socket peer = connect(server, "127.0.0." + (10 + i));
            if (i % 2 == 0) {
                ask(peer, "Host: localhost\r\n");
            }
        }
        assertEquals(200, statusFrom("127.0.0.3", server));
    }

    @Test
    void aRequestingPeerIsNotCutOffInFavourOfIdleOnes() throws Exception {
        SlowScraper slow = new SlowScraper();
        MetricsServer server = serve(slow);
        Socket asking = connect(server, "127.0.0.2");
        ask(asking, "Host: localhost\r\nConnection: close\r\n");
        assertTrue(slow.begun.await(30, TimeUnit.SECONDS));
        for (int i = 0; i < 200; i++) {
            connect(server, "127.0.0.2");
        }
        assertEquals(200, get(server, "/healthz").statusCode());
        slow.mayEnd.countDown();
        String answer = new String(asking.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertTrue(answer.endsWith("\r\n\r\nall\n"), answer);
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 200",
        "127.0.0.1:9750, 200",
        "10.1.2.3:80, 200",
        "[::1], 200",
        "[2001:db8::1]:9750, 200",
        "localhost, 200",
        "LocalHost:9750, 200",
        "fw.example.com, 421",
        "fw.example.com:9750, 421",
        "localhost.example.com, 421",
        "127.0.0.1.example.com, 421",
        "127.0.0.1@example.com, 421",
        "[fw.example.com], 421",
        "[::1, 421",
        "[, 421",
        "[:9750, 421",
        "[], 421",
        "::1, 421",
        "127.0.0.1:9750:1, 421",
        "'', 421"
    })
    void aHostThatCouldBeForeignIsNotAnswered(String host, int status) throws Exception {
        MetricsServer server = serve(meters::scrape);
        assertEquals(status, raw(server, "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"));
    }

    @Test
    void theNameInTheConfigurationIsAnswered() throws Exception {
        HostNames hosts = new HostNames("fw.example.com");
        assertTrue(hosts.refusal(request(List.of("FW.example.com:9750"))).isEmpty());
        assertTrue(hosts.refusal(request(List.of("www.example.com:9750"))).isPresent());
    }

    private static Request request(List<String> hosts) {
        return new Request(
                "GET", "/metrics", "/metrics", Map.of(), List.of(), null, hosts, true, true, Body.NONE, null, null);
    }

    @Test
    void aRequestOfHttp11HasOneHost() throws Exception {
        MetricsServer server = serve(meters::scrape);
        assertEquals(400, raw(server, "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"));
        assertEquals(
                400,
                raw(
                        server,
                        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        assertEquals(200, raw(server, "GET /healthz HTTP/1.0\r\n\r\n"));
        assertEquals(421, raw(server, "GET /healthz HTTP/1.0\r\nHost: fw.example.com\r\n\r\n"));
    }

    private int raw(MetricsServer server, String request) throws IOException {
        Socket socket = connect(server, "127.0.0.1");
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        return Integer.parseInt(answer.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
    }

    @RepeatedTest(20)
    void aStoppedServerListensNoMore() throws Exception {
        MetricsServer server = serve(meters::scrape);
        int port = server.address().getPort();
        assertEquals(200, get(server, "/healthz").statusCode());
        server.close();
        assertThrows(IOException.class, () -> get(server, "/healthz"));
        open.add(MetricsServer.open("127.0.0.1", port, meters::scrape, daemon));
        assertEquals(200, get(server, "/healthz").statusCode());
    }
}
