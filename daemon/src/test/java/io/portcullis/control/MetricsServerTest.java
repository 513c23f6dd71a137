package io.portcullis.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.metrics.Meters;
import io.portcullis.metrics.Scrape;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real server on the loopback, asked by Java's own HTTP client. */
@Timeout(60)
final class MetricsServerTest {
    private final FakeOperations operations = new FakeOperations();
    private final Meters meters = new Meters("1.2.3");
    private final HttpClient client =
            HttpClient.newBuilder().proxy(HttpClient.Builder.NO_PROXY).build();
    private final List<MetricsServer> open = new ArrayList<>();

    @AfterEach
    void close() {
        client.close();
        open.forEach(MetricsServer::close);
        meters.close();
    }

    private MetricsServer serve(MetricsServer.Scraper scraper) throws ServerException {
        MetricsServer server = MetricsServer.open("127.0.0.1", 0, scraper, operations);
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
    void healthIsOkOrSaysWhatIsWrong() throws Exception {
        MetricsServer server = serve(meters::scrape);
        HttpResponse<String> well = get(server, "/healthz");
        assertEquals(200, well.statusCode());
        assertEquals("ok\n", well.body());
        assertEquals("text/plain; charset=utf-8", type(well));

        operations.health = new Health(false, List.of("web0: eth1 has no carrier", "edge: eth3 is gone"));
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
        for (int i = 0; i < 40; i++) {
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
                assertThrows(ServerException.class, () -> MetricsServer.open(host, port, meters::scrape, operations))
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

    @Test
    void anAddressThatIsNotOursIsNamed() {
        // TEST-NET-1 (RFC 5737): nobody's.
        assertEquals(
                "metrics.listen 192.0.2.1:9750: no interface of this host has that address;"
                        + " change metrics.listen to one that it has",
                refusal("192.0.2.1", 9750));
    }

    @Test
    void aHostThatDoesNotExistIsNamed() {
        // Too long a label for the DNS (RFC 1035): no resolver is asked.
        String host = "x".repeat(64) + ".invalid";
        assertEquals(
                "metrics.listen " + host + ":9750: no such host; name one of this host's addresses",
                refusal(host, 9750));
    }

    @Test
    void aStoppedServerListensNoMore() throws Exception {
        MetricsServer server = serve(meters::scrape);
        int port = server.address().getPort();
        assertEquals(200, get(server, "/healthz").statusCode());
        server.close();
        assertThrows(IOException.class, () -> get(server, "/healthz"));
        open.add(MetricsServer.open("127.0.0.1", port, meters::scrape, operations));
        assertEquals(200, get(server, "/healthz").statusCode());
    }
}
