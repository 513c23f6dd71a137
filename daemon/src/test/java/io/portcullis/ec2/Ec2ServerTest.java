package io.portcullis.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.auth.AwsSigner;
import io.portcullis.ec2.auth.SignedRequest;
import io.portcullis.ec2.auth.WatchedCredentials;
import io.portcullis.http.HttpServer;
import io.portcullis.http.ServerCertificate;
import io.portcullis.http.ServerException;
import io.portcullis.http.TcpAddress;
import io.portcullis.testing.TestCertificate;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The endpoint over TCP: clients that behave, and others that do not. */
@Timeout(120)
final class Ec2ServerTest {
    private static final String VERSION = "&Version=2016-11-15";
    private static final String DESCRIBE = "Action=DescribeSecurityGroups" + VERSION;
    private static final TcpAddress LOOPBACK = new TcpAddress("ec2-api.listen", "127.0.0.1", 0);

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private final ExecutorService executor = Endpoint.newExecutor();

    @SuppressWarnings("NullAway.Init") // each test serves
    private WatchedCredentials credentials;

    @SuppressWarnings("NullAway.Init") // each test serves
    private Ec2Server server;

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        executor.shutdownNow();
    }

    private Endpoint endpoint(RateLimit rate) throws Exception {
        FakeActions.keys(folder);
        credentials = new WatchedCredentials(folder.resolve("credentials"), Optional.empty(), nanos::get);
        return new Endpoint(
                Optional.of("us-east-1"),
                credentials,
                rate,
                new FakeActions().handlers(),
                () -> FakeActions.NOW,
                executor);
    }

    private void serve(Duration idle, RateLimit rate) throws Exception {
        server = Ec2Server.open(LOOPBACK, endpoint(rate), credentials, null, idle);
        open.add(server);
    }

    private void serve() throws Exception {
        serve(HttpServer.IDLE, new RateLimit(1_000_000, 1_000_000, nanos::get));
    }

    private RawClient connect() throws IOException {
        RawClient client = new RawClient(server.address());
        open.add(client);
        return client;
    }

    private static SignedRequest signed(String body) throws IOException {
        return FakeActions.signed("AKIATEST", "ec2", "POST", "", body);
    }

    private static String describe(String name) throws IOException {
        return RawClient.whole(signed(DESCRIBE + "&GroupName.1=" + name));
    }

    private static void assertIsError(int status, String code, RawClient.Answer answer) {
        assertEquals(status, answer.status(), answer.body());
        assertTrue(
                answer.body()
                        .startsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>" + code
                                + "</Code>"),
                answer.body());
        assertHasId(answer);
    }

    private static void assertHasId(RawClient.Answer answer) {
        assertTrue(answer.requestId().matches("[0-9a-f-]{36}"), answer.headers().toString());
        assertTrue(
                answer.body().contains("<RequestID>" + answer.requestId() + "</RequestID>")
                        || answer.body().contains("<requestId>" + answer.requestId() + "</requestId>"),
                answer.body());
        assertEquals("text/xml;charset=UTF-8", answer.headers().get("content-type"));
        assertEquals(
                FakeActions.NOW,
                ZonedDateTime.parse(answer.headers().getOrDefault("date", ""), DateTimeFormatter.RFC_1123_DATE_TIME)
                        .toInstant());
    }

    @Test
    void oneConnectionServesManyRequests() throws Exception {
        serve();
        RawClient client = connect();
        String request = describe("web");
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            client.send(request);
            RawClient.Answer answer = client.answer();
            assertEquals(200, answer.status());
            assertHasId(answer);
            assertTrue(ids.add(answer.requestId()));
        }
    }

    @Test
    void requestsThatComeTogetherAreAnsweredInTheirOrder() throws Exception {
        serve();
        RawClient client = connect();
        List<String> names = List.of("web", "db", "default", "no");
        StringBuilder all = new StringBuilder();
        for (int i = 0; i <= HttpServer.MAX_WAITING_REQUESTS; i++) {
            all.append(describe(names.get(i % 4)));
        }
        client.send(all.toString());
        for (int i = 0; i <= HttpServer.MAX_WAITING_REQUESTS; i++) {
            String name = names.get(i % 4);
            RawClient.Answer answer = client.answer();
            assertEquals(name.equals("no") ? 400 : 200, answer.status());
            assertTrue(answer.body().contains(name.equals("no") ? "'no'" : "<groupName>" + name), answer.body());
            assertHasId(answer);
        }
    }

    @Test
    void headIsAnsweredWithoutABody() throws Exception {
        serve();
        RawClient client = connect();
        client.send(RawClient.head(FakeActions.signed("AKIATEST", "ec2", "HEAD", "?" + DESCRIBE, "")));
        RawClient.Answer answer = client.answer("HEAD");
        assertEquals(200, answer.status());
        assertTrue(Integer.parseInt(answer.headers().get("content-length")) > 100);
        assertFalse(answer.requestId().isEmpty());
        client.send(describe("web"));
        assertEquals(200, client.answer().status());
    }

    private static String chunks(String body, int length) {
        StringBuilder chunks = new StringBuilder();
        for (int from = 0; from < body.length(); from += length) {
            String chunk = body.substring(from, Math.min(from + length, body.length()));
            chunks.append(Integer.toHexString(chunk.length()) + "\r\n" + chunk + "\r\n");
        }
        return chunks + "0\r\n\r\n";
    }

    @Test
    void aBodyMayComeInChunks() throws Exception {
        serve();
        RawClient client = connect();
        for (int length : new int[] {1, 7, 1_000}) {
            SignedRequest request = signed(DESCRIBE + "&GroupName.1=web");
            client.send(RawClient.head(request, "Transfer-Encoding: chunked")
                    + chunks(new String(request.body(), StandardCharsets.US_ASCII), length));
            assertEquals(200, client.answer().status());
        }
    }

    @Test
    void chunksThatAreTooMuchTogetherAreRefused() throws Exception {
        serve();
        RawClient client = connect();
        String body = "&".repeat(Endpoint.MOST_BYTES + 1);
        client.send(RawClient.head(signed(body), "Transfer-Encoding: chunked") + chunks(body, 100_000));
        assertIsError(413, "InvalidQueryParameter", client.answer());
    }

    /** curl asks before it sends a large body. */
    @Test
    void aClientThatAsksMaySendItsBody() throws Exception {
        serve();
        RawClient client = connect();
        SignedRequest request = signed(DESCRIBE + "&GroupName.1=web");
        client.send(RawClient.head(request, "Expect: 100-continue", "Content-Length: " + request.body().length));
        assertEquals(100, client.answer().status());
        client.send(new String(request.body(), StandardCharsets.US_ASCII));
        assertEquals(200, client.answer().status());
    }

    @Test
    void aClientThatAsksIsToldThatItsBodyIsTooLong() throws Exception {
        serve();
        RawClient client = connect();
        client.send(
                RawClient.head(signed("a"), "Expect: 100-continue", "Content-Length: " + (Endpoint.MOST_BYTES + 1)));
        assertIsError(413, "InvalidQueryParameter", client.answer());
    }

    @Test
    void aQueryMayHaveAThousandIds() throws Exception {
        serve();
        RawClient client = connect();
        StringBuilder query = new StringBuilder("?" + DESCRIBE);
        for (int i = 1; i <= 1_000; i++) {
            query.append("&GroupName." + i + "=default-default-default-default");
        }
        client.send(RawClient.head(FakeActions.signed("AKIATEST", "ec2", "GET", query.toString(), "")));
        assertIsError(400, "InvalidGroup.NotFound", client.answer());
        client.send(describe("web"));
        assertEquals(200, client.answer().status());
    }

    static Stream<List<Object>> refusals() {
        String host = " HTTP/1.1\r\nHost: a\r\n";
        return Stream.of(
                List.of("GET /" + "a".repeat(64 << 10) + host + "\r\n", 414),
                List.of("GET /" + host + "A: " + "a".repeat(8 << 10) + "\r\n\r\n", 431),
                List.of("POST /" + host + "Content-Length: 1048577\r\n\r\n", 413),
                List.of("GET /" + host + "Content-Length: 4097\r\n\r\n", 413),
                List.of("POST /" + host + "Expect: other\r\nContent-Length: 1\r\n\r\n", 417),
                List.of("GET /other" + host + "\r\n", 404),
                List.of("POST /?a#" + host + "Content-Length: x\r\n\r\n", 400),
                List.of("DELETE /" + host + "\r\n", 405),
                List.of("OPTIONS *" + host + "\r\n", 404),
                List.of("nonsense\r\n\r\n", 400),
                List.of("GET /?%zz" + host + "\r\n", 400));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatHttpRefusesIsAnErrorWithAnId(List<Object> refusal) throws Exception {
        serve();
        RawClient client = connect();
        client.send((String) refusal.getFirst());
        assertIsError((int) refusal.getLast(), "InvalidQueryParameter", client.answer());
    }

    @Test
    void anUnsignedRequestIsAnErrorWithAnId() throws Exception {
        serve();
        RawClient client = connect();
        client.send("GET /?" + DESCRIBE + " HTTP/1.1\r\nHost: a\r\n\r\n");
        assertIsError(403, "MissingAuthenticationToken", client.answer());
        client.send("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
        assertIsError(403, "MissingAuthenticationToken", client.answer());
    }

    /** A sender that is slow and never silent: of a head, and of a body. */
    @Test
    void aSlowSenderIsCutOffAndNobodyWaitsForIt() throws Exception {
        serve(Duration.ofMillis(500), new RateLimit(1_000_000, 1_000_000, nanos::get));
        List<RawClient> slow = List.of(connect(), connect());
        slow.getFirst().send("POST / HTTP/1.1\r\nA: ");
        slow.getLast().send(RawClient.head(signed("a"), "Content-Length: 1000000"));
        int cut = 0;
        int answered = 0;
        List<RawClient> left = new ArrayList<>(slow);
        while (!left.isEmpty()) {
            for (RawClient each : List.copyOf(left)) {
                try {
                    each.send("x");
                } catch (IOException closed) {
                    left.remove(each);
                    cut++;
                }
            }
            try (RawClient other = new RawClient(server.address())) {
                other.send(describe("web"));
                assertEquals(200, other.answer().status());
                answered++;
            }
        }
        assertEquals(2, cut);
        assertTrue(answered > 0);
    }

    /** Fifty clients of one host at once: none of their connections is closed for another. */
    @Test
    void manyClientsOfOneHostKeepTheirConnections() throws Exception {
        serve();
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            clients.add(connect());
        }
        String request = describe("web");
        for (int round = 0; round < 3; round++) {
            for (RawClient client : clients) {
                client.send(request);
            }
            for (RawClient client : clients) {
                assertEquals(200, client.answer().status());
            }
        }
    }

    /** Blocks the thread that answers, until the latch is open. */
    private CountDownLatch block() {
        CountDownLatch free = new CountDownLatch(1);
        open.add(free::countDown);
        executor.execute(() -> {
            try {
                free.await();
            } catch (InterruptedException end) {
                Thread.currentThread().interrupt();
            }
        });
        return free;
    }

    @Test
    void aCallThatFindsNoPlaceMayTryAgain() throws Exception {
        serve();
        CountDownLatch free = block();
        while (((ThreadPoolExecutor) executor).getQueue().remainingCapacity() > 0) {
            executor.execute(() -> {});
        }
        RawClient client = connect();
        client.send(describe("web"));
        assertIsError(503, "Unavailable", client.answer());
        free.countDown();
        assertEquals(200, whenItHasAPlace(client).status());
    }

    /** Requests of connections that are closed meanwhile wait in bounded number. */
    @Test
    void whoeverSendsAndLeavesFillsTheQueueOnly() throws Exception {
        serve();
        CountDownLatch free = block();
        String request = describe("web");
        for (int i = 0; i < 2 * Endpoint.MOST_WAITING; i++) {
            try (RawClient client = new RawClient(server.address())) {
                client.send(request);
            }
        }
        assertTrue(((ThreadPoolExecutor) executor).getQueue().size() <= Endpoint.MOST_WAITING);
        free.countDown();
        assertEquals(200, whenItHasAPlace(connect()).status());
    }

    /** Tries again as long as the server says so. */
    private static RawClient.Answer whenItHasAPlace(RawClient client) throws IOException {
        RawClient.Answer answer;
        do {
            client.send(describe("web"));
            answer = client.answer();
        } while (answer.status() == 503);
        return answer;
    }

    /** Peers without a key keep the thread busy with signatures of large bodies; a caller gets its answers all the same. */
    @Test
    void whoeverHasNoKeyExcludesNobody() throws Exception {
        serve();
        AtomicBoolean end = new AtomicBoolean();
        String forged = RawClient.whole(FakeActions.signed("AKIANOBODY", "ec2", "POST", "", "&".repeat(200_000)));
        List<Thread> peers = new ArrayList<>();
        AtomicLong refused = new AtomicLong();
        for (int i = 0; i < 8; i++) {
            peers.add(Thread.ofPlatform().start(() -> {
                while (!end.get()) {
                    try (RawClient peer = new RawClient(server.address())) {
                        peer.send(forged);
                        refused.addAndGet(peer.answer().status() == 401 ? 1 : 0);
                    } catch (IOException cut) {
                        // The next connection.
                    }
                }
            }));
        }
        RawClient client = connect();
        for (int i = 0; i < 50 || refused.get() < 20; i++) {
            client.send(describe("web"));
            assertEquals(200, client.answer().status());
        }
        end.set(true);
        for (Thread peer : peers) {
            peer.join();
        }
    }

    /** Long lines take memory, too: beyond the share of the heap they are refused, and the caller may try again. */
    @Test
    void longLinesTakeABoundedAmountOfMemory() throws Exception {
        serve();
        CountDownLatch free = block();
        String line = "GET /?" + "a".repeat(60_000) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        for (int i = 0; i < 60; i++) {
            connect().send(line.repeat(HttpServer.MAX_WAITING_REQUESTS));
        }
        RawClient.Answer refused = null;
        // The server reads what was sent at its own pace: until then it takes the line, and does not answer.
        while (refused == null) {
            try (RawClient client = new RawClient(server.address())) {
                client.patience(100);
                client.send(line);
                refused = client.answer();
            } catch (SocketTimeoutException taken) {
                assertNull(refused);
            }
        }
        assertIsError(503, "Unavailable", refused);
        assertTrue(refused.body().contains("other requests are large now"), refused.body());
        free.countDown();
        RawClient client = connect();
        do {
            client.close();
            client = connect();
            client.send(line);
            refused = client.answer();
        } while (refused.status() == 503);
        assertEquals(403, refused.status(), "the memory is free again");
    }

    @Test
    void aKeyThatCallsTooOftenIsToldSo() throws Exception {
        serve(HttpServer.IDLE, new RateLimit(1, 3, nanos::get));
        RawClient client = connect();
        String forged = RawClient.whole(signed(DESCRIBE)).replace(DESCRIBE, DESCRIBE.replace("Describe", "describe"));
        for (int i = 0; i < 10; i++) {
            client.send(forged);
            assertIsError(401, "AuthFailure", client.answer());
        }
        for (int i = 0; i < 5; i++) {
            client.send(describe("web"));
            if (i < 3) {
                assertEquals(200, client.answer().status());
            } else {
                RawClient.Answer answer = client.answer();
                assertIsError(503, "RequestLimitExceeded", answer);
                assertTrue(answer.body().contains("<Message>Request limit exceeded.</Message>"));
            }
        }
        client.send(RawClient.whole(FakeActions.signed("AKIALOOK", "ec2", "POST", "", DESCRIBE)));
        assertEquals(200, client.answer().status(), "another key");
        nanos.addAndGet(Duration.ofSeconds(1).toNanos());
        client.send(describe("web"));
        assertEquals(200, client.answer().status());
    }

    @Test
    void aRevokedKeyIsRefusedFromTheNextSecondOn() throws Exception {
        serve();
        RawClient client = connect();
        client.send(describe("web"));
        assertEquals(200, client.answer().status());
        Path file = folder.resolve("credentials");
        Files.writeString(file, Files.readString(file).replace("AKIATEST", "AKIANEXT"));
        nanos.addAndGet(WatchedCredentials.INTERVAL.toNanos());
        client.send(describe("web"));
        assertIsError(401, "AuthFailure", client.answer());
        client.send(RawClient.whole(FakeActions.signed("AKIANEXT", "ec2", "POST", "", DESCRIBE)));
        assertEquals(200, client.answer().status());
    }

    @Test
    void aFaultOfTheCredentialsIsAWarningWithoutACall() throws Exception {
        serve();
        assertEquals(Optional.empty(), server.trouble());
        assertEquals(List.of(), server.warnings().toList());
        Files.delete(folder.resolve("credentials"));
        nanos.addAndGet(WatchedCredentials.GRACE.toNanos());
        assertEquals(Optional.empty(), server.trouble());
        assertEquals(
                List.of(folder.resolve("credentials") + ": no such file; no access key is valid"),
                server.warnings().toList());
    }

    @Test
    void aServerThatIsClosedSaysSo() throws Exception {
        serve();
        server.close();
        assertEquals(Optional.of("ec2-api.listen " + server.address() + ": its socket is closed"), server.trouble());
    }

    @Test
    void otherHostsAreServedWithTlsOnly() throws Exception {
        Endpoint endpoint = endpoint(new RateLimit(1, 1, nanos::get));
        assertEquals(
                "ec2-api.listen 0.0.0.0:0: other hosts can reach it, so it needs TLS: set ec2-api.tls, or listen at"
                        + " 127.0.0.1",
                assertThrows(
                                ServerException.class,
                                () -> Ec2Server.open(
                                        new TcpAddress("ec2-api.listen", "0.0.0.0", 0), endpoint, credentials, null))
                        .getMessage());
    }

    private static HttpClient trusting(TestCertificate certificate) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry("server", certificate.certificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), new SecureRandom());
        return HttpClient.newBuilder().sslContext(context).build();
    }

    @Test
    void callsAreAnsweredOverTls() throws Exception {
        TestCertificate made = TestCertificate.make(folder, "-keyalg", "EC");
        made.write(folder.resolve("cert"), folder.resolve("key"));
        ServerCertificate certificate = ServerCertificate.open(
                new ServerCertificate.Files(folder.resolve("cert"), folder.resolve("key"), Optional.empty()),
                Instant::now,
                nanos::get);
        Endpoint endpoint = endpoint(new RateLimit(100, 100, nanos::get));
        server = Ec2Server.open(new TcpAddress("ec2-api.listen", "0.0.0.0", 0), endpoint, credentials, certificate);
        open.add(server);
        URI here = URI.create("https://127.0.0.1:" + server.address().getPort() + "/");
        byte[] body = DESCRIBE.getBytes(StandardCharsets.US_ASCII);
        SignedRequest signed = new AwsSigner("AKIATEST", FakeActions.SECRET, "us-east-1", "ec2", FakeActions.NOW)
                .sign("POST", here, Map.of(), body);
        HttpRequest.Builder request = HttpRequest.newBuilder(here).POST(HttpRequest.BodyPublishers.ofByteArray(body));
        signed.headers().stream()
                .filter(header -> !header.getKey().equalsIgnoreCase("host"))
                .forEach(header -> request.header(header.getKey(), header.getValue()));
        try (HttpClient client = trusting(made)) {
            HttpResponse<String> answer = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer.body());
            assertTrue(answer.body().contains("<groupName>web</groupName>"));
        }
        Files.delete(folder.resolve("key"));
        nanos.addAndGet(ServerCertificate.INTERVAL.toNanos());
        assertEquals(Optional.empty(), server.trouble());
        assertTrue(server.warnings().anyMatch(warning -> warning.startsWith(folder.resolve("key") + ": no such file")));
    }
}
