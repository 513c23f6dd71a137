package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests with bodies to a real server on a Unix socket, by clients that behave and others that do not. */
@Timeout(120)
@Tag("slow")
final class BodyTest {
    private static final Duration PATIENT = Duration.ofSeconds(60);
    private static final int LIMIT = 100_000;

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();

    /** The bytes of bodies in use by a resource now, and their maximum. */
    private final AtomicLong held = new AtomicLong();

    private final AtomicLong mostHeld = new AtomicLong();
    private final AtomicInteger asked = new AtomicInteger();

    /** Ends when a test says so. */
    private final CompletableFuture<Response> slow = new CompletableFuture<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private Path socket() {
        return folder.resolve("socket");
    }

    private void serve(Duration idle) throws Exception {
        HttpServer server = new HttpServer(
                "body-test",
                new Routes(
                        new Routes.Resource("POST", "/echo", LIMIT, request -> echo(request.body())),
                        new Routes.Resource(
                                "POST", "/large", HttpServer.LARGEST_BODY, request -> length(request.body())),
                        new Routes.Resource("POST", "/slow", HttpServer.LARGEST_BODY, request -> {
                            long bytes = request.body().length();
                            mostHeld.accumulateAndGet(held.addAndGet(bytes), Math::max);
                            asked.incrementAndGet();
                            return slow.thenApply(response -> {
                                held.addAndGet(-bytes);
                                return response;
                            });
                        }),
                        new Routes.Resource(
                                "POST",
                                "/none",
                                request -> CompletableFuture.completedFuture(
                                        Response.text(200, "" + request.body().length())))),
                idle);
        open.add(server);
        server.listen(EpollServerDomainSocketChannel.class, new DomainSocketAddress(socket().toFile()));
    }

    private static CompletableFuture<Response> echo(Body body) {
        try (InputStream stream = body.stream()) {
            byte[] bytes = stream.readAllBytes();
            assertArrayEquals(bytes, body.bytes());
            assertEquals(bytes.length, body.length());
            return CompletableFuture.completedFuture(new Response(200, "x", hex(bytes), Map.of()));
        } catch (IOException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private static CompletableFuture<Response> length(Body body) {
        return CompletableFuture.completedFuture(Response.text(200, "" + body.length()));
    }

    private static byte[] hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    private SocketClient.Reply post(String path, byte[] body) throws Unreachable {
        return SocketClient.call(socket(), "POST", path, body, PATIENT);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()));
        open.add(channel);
        return channel;
    }

    private static void send(SocketChannel to, byte[] bytes) throws IOException {
        ByteBuffer all = ByteBuffer.wrap(bytes);
        while (all.hasRemaining()) {
            to.write(all);
        }
    }

    private static void send(SocketChannel to, String text) throws IOException {
        send(to, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static SocketClient.Reply rest(SocketChannel from) throws IOException, MalformedAnswer {
        return HttpAnswer.parse(Channels.newInputStream(from).readAllBytes());
    }

    @Test
    void anyBytesArriveAsTheyAre() throws Exception {
        serve(HttpServer.IDLE);
        for (int length : new int[] {0, 1, 2, 4_096, 4_097, 65_535, 65_536, 65_537, LIMIT - 1, LIMIT}) {
            byte[] body = random(length);
            assertEquals(
                    new SocketClient.Reply(200, new String(hex(body), StandardCharsets.US_ASCII)),
                    post("/echo?a=b", body),
                    length + " bytes");
        }
    }

    @Test
    void oneByteMoreIsRefused() throws Exception {
        serve(HttpServer.IDLE);
        SocketClient.Reply refused = new SocketClient.Reply(
                413, "{\"error\":\"a request's body may have 100000 bytes, this one has more\"}");
        assertEquals(refused, post("/echo", random(LIMIT + 1)));
        assertEquals(refused, post("/echo", random(20 * LIMIT)));
        assertEquals(
                new SocketClient.Reply(413, "{\"error\":\"a request's body may have 4096 bytes, this one has more\"}"),
                post("/none", random(4_097)));
        assertEquals(new SocketClient.Reply(200, "0"), post("/none", random(4_096)));
        assertEquals(200, post("/echo", random(LIMIT)).status());
    }

    private static String chunks(int length, int chunk) {
        StringBuilder text = new StringBuilder();
        for (int left = length; left > 0; left -= Math.min(left, chunk)) {
            int now = Math.min(left, chunk);
            text.append(Integer.toHexString(now))
                    .append("\r\n")
                    .append("y".repeat(now))
                    .append("\r\n");
        }
        return text + "0\r\nTrailer: 1\r\n\r\n";
    }

    private SocketClient.Reply chunked(String path, int length, int chunk) throws IOException, MalformedAnswer {
        SocketChannel peer = connect();
        send(peer, "POST " + path + " HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
        try {
            send(peer, chunks(length, chunk));
        } catch (IOException refusedBefore) {
            assertTrue(length > LIMIT, "cut though it is short enough");
        }
        return rest(peer);
    }

    @Test
    void aBodyInChunksHasTheSameLimit() throws Exception {
        serve(HttpServer.IDLE);
        for (int chunk : new int[] {1, 1_000, 8_192, 200_000}) {
            SocketClient.Reply whole = chunked("/echo", LIMIT, chunk);
            assertEquals(new SocketClient.Reply(200, "79".repeat(LIMIT)), whole, "chunks of " + chunk);
            assertEquals(413, chunked("/echo", LIMIT + 1, chunk).status(), "chunks of " + chunk);
        }
    }

    @Test
    void severalRequestsWithBodiesOnOneConnectionAreAnsweredInOrder() throws Exception {
        serve(HttpServer.IDLE);
        SocketChannel peer = connect();
        send(
                peer,
                "POST /echo HTTP/1.1\r\n"
                        + "Content-Length: 3\r\n\r\n"
                        + "abcPOST /echo HTTP/1.1\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n"
                        + chunks(70_000, 7_777)
                        + "POST /none HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
                        + "POST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nz");
        String all = new String(Channels.newInputStream(peer).readAllBytes(), StandardCharsets.US_ASCII);
        List<String> bodies = Arrays.stream(all.split("HTTP/1.1 200 OK\r\n", -1))
                .skip(1)
                .map(answer -> answer.substring(answer.indexOf("\r\n\r\n") + 4))
                .toList();
        assertEquals(List.of("616263", "79".repeat(70_000), "0", "7a"), bodies);
    }

    /** The pause is the test's subject: a sender that is slow and never silent. */
    @Test
    void aSlowSenderOfABodyIsCutOffAndItsMemoryReleased() throws Exception {
        serve(Duration.ofSeconds(1));
        SocketChannel peer = connect();
        send(peer, "POST /large HTTP/1.1\r\nContent-Length: " + BodyMemory.most() + "\r\n\r\n");
        assertThrows(IOException.class, () -> {
            while (true) {
                send(peer, "x");
                Thread.sleep(10);
            }
        });
        // Small compared with all the memory, which the other one had; the largest body may take longer than this idle
        // time.
        assertEquals(new SocketClient.Reply(200, "5000"), post("/large", new byte[5_000]));
    }

    private void awaitRoomForTheLargest() {
        byte[] largest = new byte[(int) BodyMemory.most()];
        ListeningTest.await("space for the largest body", () -> {
            try {
                return post("/large", largest).equals(new SocketClient.Reply(200, "" + largest.length));
            } catch (Unreachable e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void anAbandonedBodyLeavesNothing() throws Exception {
        serve(HttpServer.IDLE);
        for (int i = 0; i < 5; i++) {
            try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
                send(peer, "POST /large HTTP/1.1\r\nContent-Length: " + BodyMemory.most() + "\r\n\r\n");
                send(peer, new byte[1_000_000]);
            }
            awaitRoomForTheLargest();
            try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
                send(peer, "POST /large HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n");
                send(peer, new byte[0x100000]);
            }
            awaitRoomForTheLargest();
        }
    }

    /** Its sender disconnects before the answer, while another of its requests waits: the resource keeps its own body. */
    @Test
    void aBodyThatIsInUseCountsUntilItsAnswer() throws Exception {
        serve(HttpServer.IDLE);
        int half = (int) BodyMemory.most() / 2 + 1;
        try (SocketChannel peer = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
            send(peer, "POST /slow HTTP/1.1\r\nContent-Length: " + half + "\r\n\r\n");
            send(peer, new byte[half]);
            send(peer, "POST /echo HTTP/1.1\r\nContent-Length: 90000\r\n\r\n");
            send(peer, new byte[90_000]);
            ListeningTest.await("the request", () -> asked.get() == 1);
        }
        SocketClient.Reply full = post("/large", new byte[half]);
        assertEquals(
                new SocketClient.Reply(503, "{\"error\":\"other requests are large now: try again in a second\"}"),
                full);
        assertEquals(503, chunked("/large", half, 1 << 20).status());
        assertEquals(200, post("/large", new byte[half - 90_000]).status(), "what fits");
        assertEquals(200, post("/echo", new byte[HttpServer.MAX_BODY_LENGTH]).status(), "a small one");
        slow.complete(Response.text(200, "done"));
        awaitRoomForTheLargest();
    }

    @Test
    void tenOfTheLargestAtOnceTakeTheMemoryOfOne() throws Exception {
        serve(Duration.ofSeconds(60));
        byte[] largest = new byte[(int) BodyMemory.most()];
        long before = usedHeap();
        try (ExecutorService callers = Executors.newFixedThreadPool(10)) {
            List<Future<SocketClient.Reply>> replies = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                replies.add(callers.submit(() -> post("/slow", largest)));
            }
            ListeningTest.await(
                    "one with the resource, nine refused",
                    () -> replies.stream().filter(Future::isDone).count() == 9 && asked.get() == 1);
            long used = usedHeap() - before;
            assertTrue(used < largest.length * 5L / 4 + (8 << 20), used + " bytes for a body of " + largest.length);
            slow.complete(Response.text(200, "done"));
            List<Integer> statuses = new ArrayList<>();
            for (Future<SocketClient.Reply> reply : replies) {
                statuses.add(reply.get(60, TimeUnit.SECONDS).status());
            }
            statuses.sort(null);
            assertEquals(List.of(200, 503, 503, 503, 503, 503, 503, 503, 503, 503), statuses);
        }
        assertEquals(largest.length, mostHeld.get());
        awaitRoomForTheLargest();
    }

    @Test
    void manyThatFitTogetherAreAllAccepted() throws Exception {
        serve(HttpServer.IDLE);
        byte[] part = new byte[(int) BodyMemory.most() / 20];
        try (ExecutorService callers = Executors.newFixedThreadPool(20)) {
            List<Future<SocketClient.Reply>> replies = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                replies.add(callers.submit(() -> post("/slow", part)));
            }
            ListeningTest.await("all with the resource", () -> asked.get() == 20);
            slow.complete(Response.text(200, "done"));
            for (Future<SocketClient.Reply> reply : replies) {
                assertEquals(200, reply.get(60, TimeUnit.SECONDS).status());
            }
        }
    }

    private static long usedHeap() {
        System.gc();
        Runtime heap = Runtime.getRuntime();
        return heap.totalMemory() - heap.freeMemory();
    }

    private static final String ANOTHER = """
        use Socket; $| = 1; socket(my $s, PF_UNIX, SOCK_STREAM, 0) or die; connect($s, sockaddr_un($ARGV[0])) or die "$!";
        syswrite($s, "POST /large HTTP/1.1\\r\\nContent-Length: $ARGV[1]\\r\\n\\r\\nx"); print "sent\\n";
        my $n = sysread($s, my $answer, 100); print "end\\n";
        """;

    /** Root's request does not wait for a user who announces much and sends little. */
    @Test
    void rootTakesThePlaceOfAnotherUserWhoIsStillSending() throws Exception {
        assumeTrue((int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "setpriv needs root");
        serve(Duration.ofSeconds(60));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(socket(), PosixFilePermissions.fromString("rw-rw-rw-"));
        Process other = new ProcessBuilder(
                        "setpriv",
                        "--reuid=12345",
                        "--regid=12345",
                        "--clear-groups",
                        "perl",
                        "-e",
                        ANOTHER,
                        socket().toString(),
                        Long.toString(BodyMemory.most()))
                .redirectErrorStream(true)
                .start();
        try {
            var said = other.inputReader(StandardCharsets.US_ASCII);
            assertEquals("sent", said.readLine());
            byte[] largest = new byte[(int) BodyMemory.most()];
            // It was accepted before, and its request is read before ours.
            assertEquals(200, post("/large", largest).status());
            assertEquals("end", said.readLine());
        } finally {
            other.destroyForcibly();
        }
        SocketChannel first = connect();
        send(first, "POST /large HTTP/1.1\r\nContent-Length: " + BodyMemory.most() + "\r\n\r\nx");
        ListeningTest.await("its place", () -> {
            try {
                return post("/large", new byte[1_000_000]).status() == 503;
            } catch (Unreachable e) {
                throw new AssertionError(e);
            }
        });
        assertTrue(first.isOpen(), "root does not end root's own");
    }

    @Test
    void aClientThatExpectsItIsToldToSendTheBody() throws Exception {
        serve(HttpServer.IDLE);
        SocketChannel peer = connect();
        send(peer, "POST /echo HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        byte[] go = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        assertArrayEquals(go, Channels.newInputStream(peer).readNBytes(go.length));
        send(peer, "hi");
        assertEquals(new SocketClient.Reply(200, "6869"), rest(peer));
    }

    @Test
    void aClientThatExpectsItIsNotToldToSendWhatIsTooLong() throws Exception {
        serve(HttpServer.IDLE);
        SocketChannel peer = connect();
        send(peer, "POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: " + (LIMIT + 1) + "\r\n\r\n");
        assertEquals(413, rest(peer).status());
    }

    @Test
    void anotherExpectationIsRefused() throws Exception {
        serve(HttpServer.IDLE);
        SocketChannel peer = connect();
        send(peer, "POST /echo HTTP/1.1\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\n");
        assertEquals(
                new SocketClient.Reply(417, "{\"error\":\"the only expectation that is met is Expect: 100-continue\"}"),
                rest(peer));
    }

    /** The next request asks whether it may send its body while a long answer is sent in pieces, or waits for that. */
    @Test
    void aGoAheadDoesNotGetIntoAnAnswer() throws Exception {
        serve(HttpServer.IDLE);
        SocketChannel peer = connect();
        send(
                peer,
                "POST /echo HTTP/1.1\r\nContent-Length: " + LIMIT + "\r\n\r\n" + "a".repeat(LIMIT)
                        + "POST /none HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nb");
        String all = new String(Channels.newInputStream(peer).readAllBytes(), StandardCharsets.US_ASCII);
        assertTrue(all.contains("\r\n\r\n" + "61".repeat(LIMIT) + "HTTP/1.1 "), "the long answer is whole");
        assertTrue(all.contains("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), "then the go-ahead and the answer");
    }

    @Test
    void aTextInJsonMayBeAsLongAsABody() {
        byte[] json = ("{\"error\":\"" + "x".repeat(25_000_000) + "\"}").getBytes(StandardCharsets.US_ASCII);
        assertEquals(
                25_000_000,
                JsonBody.read(new ByteArrayInputStream(json), Response.Refusal.class)
                        .error()
                        .length());
    }

    @Test
    void aLimitBeyondTheServersIsADefect() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new Routes.Resource("POST", "/", HttpServer.LARGEST_BODY + 1, _ -> slow));
        assertThrows(IllegalArgumentException.class, () -> new Routes.Resource("POST", "/", -1, _ -> slow));
    }

    @Test
    void aRefusalThatComesBeforeAllIsSentIsRead() throws Exception {
        serve(HttpServer.IDLE);
        assertEquals(404, post("/nothing", random(4_000)).status());
        assertEquals(413, post("/nothing", random(10_000_000)).status());
    }
}
