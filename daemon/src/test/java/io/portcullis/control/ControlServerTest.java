package io.portcullis.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.portcullis.http.Connections;
import io.portcullis.http.HttpAnswer;
import io.portcullis.http.HttpServer;
import io.portcullis.http.Listening;
import io.portcullis.http.ListeningTest;
import io.portcullis.http.MalformedAnswer;
import io.portcullis.http.ServerException;
import io.portcullis.http.SocketClient;
import io.portcullis.http.Unreachable;
import io.portcullis.operations.Actor;
import io.portcullis.operations.BypassRequest;
import io.portcullis.operations.EmergencyReport;
import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.ExplainReport;
import io.portcullis.operations.LogLevels;
import io.portcullis.operations.PanicRequest;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.ReloadRequest;
import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlushReport;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real server on a real Unix socket, used by the real client and by peers that misbehave. */
@Timeout(60)
@Tag("slow")
final class ControlServerTest {
    private static final Duration PATIENT = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path folder;

    private final FakeDaemon daemon = new FakeDaemon();
    private final ExecutorService executor = Executors.newSingleThreadExecutor(
            task -> Thread.ofPlatform().daemon().name("reloads").unstarted(task));
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Admins admins = closing(new Admins(() -> ""));

    @SuppressWarnings("NullAway.Init") // set before each test
    private Path socket;

    @BeforeEach
    void choosePath() {
        socket = folder.resolve("run/control.sock");
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        executor.shutdownNow();
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.add(resource);
        return resource;
    }

    private ControlServer serve() throws ServerException {
        return closing(ControlServer.open(socket, daemon, daemon, admins, executor));
    }

    private SocketClient.Reply call(String method, String path) throws Unreachable {
        return SocketClient.call(socket, method, path, PATIENT);
    }

    private SocketChannel connect() throws IOException {
        return closing(SocketChannel.open(UnixDomainSocketAddress.of(socket)));
    }

    private static void send(SocketChannel to, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    /** Sends a byte every 10 ms: the pause is the test's subject, a slow sender that is never silent for a timeout. */
    private static void dripUntilCut(SocketChannel to) {
        assertThrows(IOException.class, () -> {
            while (true) {
                send(to, "x");
                Thread.sleep(10);
            }
        });
    }

    private static SocketClient.Reply rest(SocketChannel from) throws IOException, MalformedAnswer {
        return HttpAnswer.parse(Channels.newInputStream(from).readAllBytes());
    }

    @Test
    void aQueryIsAnsweredOrRefusedAsMeaningless() throws Exception {
        serve();
        String question =
                "/v1/explain?interface=web0&direction=ingress&protocol=6&from=198.51.100.7&to=10.0.0.1&to-port=80";
        SocketClient.Reply reply = call("GET", question);
        assertEquals(200, reply.status(), reply.body());
        ExplainReport report = JSON.readValue(reply.body(), ExplainReport.class);
        assertEquals("198.51.100.7 > 10.0.0.1", report.packet());
        assertEquals("ingress", report.direction());
        for (String[] bad : new String[][] {
            {question.replace("web0", "web1"), "no interface web1"},
            {question.replace("ingress", "inward"), "direction must be ingress or egress, not inward"},
            {question.replace("protocol=6", "protocol=256"), "protocol must be a number below 256, not 256"},
            {question.replace("to-port=80", "to-port=-1"), "to-port must be a number below 65536, not -1"},
            {question.replace("&from=198.51.100.7", ""), "from is missing"},
            {"/v1/explain", "direction is missing"},
        }) {
            SocketClient.Reply refusal = call("GET", bad[0]);
            assertEquals(400, refusal.status(), bad[0]);
            assertEquals(bad[1], error(refusal));
        }
        assertEquals(400, call("GET", "/v1/explain?interface=%zz").status());
    }

    private static String error(SocketClient.Reply reply) throws IOException {
        return JSON.readTree(reply.body()).get("error").asText();
    }

    @Test
    void flowsAreListedAndEndedOrTheRequestIsRefused() throws Exception {
        serve();
        FlowsReport report = JSON.readValue(call("GET", "/v1/flows?limit=5").body(), FlowsReport.class);
        assertEquals(5, report.matching());
        for (String[] bad : new String[][] {
            {"GET", "/v1/flows?state=nonsense", "no state nonsense"},
            {"GET", "/v1/flows?limit=0", "limit must be a number from 1 to 10000, not 0"},
            {"GET", "/v1/flows?sort=size", "sort must be one of bytes, packets, age, new, idle, not size"},
            {"GET", "/v1/talkers?interval-ms=1", "interval must be a time from 200ms to 3s, not 1ms"},
            {"POST", "/v1/flows/flush?all=true&port=22", "--all and conditions exclude each other"},
        }) {
            SocketClient.Reply refusal = call(bad[0], bad[1]);
            assertEquals(400, refusal.status(), bad[1]);
            assertEquals(bad[2], error(refusal));
        }
        assertEquals(400, call("POST", "/v1/flows/flush").status());
        assertEquals(503, call("GET", "/v1/talkers").status());
        FlushReport flushed =
                JSON.readValue(call("POST", "/v1/flows/flush?port=22").body(), FlushReport.class);
        assertEquals(3, flushed.ended());
    }

    @Test
    void statusAndVersionAreAnswered() throws Exception {
        serve();
        SocketClient.Reply status = call("GET", "/v1/status");
        assertEquals(200, status.status());
        assertEquals(daemon.status(), JSON.readValue(status.body(), StatusReport.class));
        assertEquals(
                new SocketClient.Reply(200, "{\"name\":\"portcullis\",\"version\":\"1.2.3\"}"),
                call("GET", "/v1/version?pretty"));
    }

    @Test
    void aReloadReportsItsResult() throws Exception {
        serve();
        SocketClient.Reply good = call("POST", "/v1/reload");
        assertEquals(200, good.status());
        assertEquals(FakeDaemon.GOOD, JSON.readValue(good.body(), ReloadReport.class));

        daemon.reload = FakeDaemon.BAD;
        SocketClient.Reply bad = call("POST", "/v1/reload");
        assertEquals(422, bad.status());
        assertEquals(FakeDaemon.BAD, JSON.readValue(bad.body(), ReloadReport.class));
    }

    /** Reloads that take until they are told to end. */
    private static final class SlowReload extends FakeDaemon {
        private final CountDownLatch begun = new CountDownLatch(1);
        private final CountDownLatch mayEnd = new CountDownLatch(1);
        private volatile String thread = "";

        @Override
        public ReloadReport reload(ReloadRequest request, Actor actor) {
            thread = Thread.currentThread().getName();
            begun.countDown();
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return GOOD;
        }
    }

    @Test
    void thatALockoutIsAllowedIsPassedOn() throws Exception {
        serve();
        assertEquals(200, call("POST", "/v1/reload?allow-lockout=true").status());
        assertTrue(daemon.allowLockout);
        assertEquals(200, call("POST", "/v1/reload").status());
        assertFalse(daemon.allowLockout);
        SocketClient.Reply misuse = call("POST", "/v1/reload?allow-lockout=yes");
        assertEquals(400, misuse.status());
        assertEquals("allow-lockout must be true or false, not yes", error(misuse));
    }

    @Test
    void othersAreAnsweredWhileAReloadRuns() throws Exception {
        SlowReload slow = new SlowReload();
        closing(ControlServer.open(socket, slow, slow, admins, executor));
        try (ExecutorService callers = Executors.newFixedThreadPool(8)) {
            Future<SocketClient.Reply> reload = callers.submit(() -> call("POST", "/v1/reload"));
            assertTrue(slow.begun.await(30, TimeUnit.SECONDS));
            List<Future<SocketClient.Reply>> others = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                others.add(callers.submit(() -> call("GET", "/v1/version")));
            }
            others.add(callers.submit(() -> call("GET", "/v1/status")));
            others.add(
                    callers.submit(
                            () -> call(
                                    "GET",
                                    "/v1/explain?interface=web0&direction=ingress&protocol=6&from=198.51.100.7&to=10.0.0.1&to-port=80")));
            for (Future<SocketClient.Reply> other : others) {
                assertEquals(200, other.get().status());
            }
            assertFalse(reload.isDone());
            slow.mayEnd.countDown();
            assertEquals(200, reload.get().status());
            assertEquals("reloads", slow.thread);
        } finally {
            slow.mayEnd.countDown();
        }
    }

    @Test
    void aReloadMayTakeLongerThanAConnectionMayIdle() throws Exception {
        SlowReload slow = new SlowReload();
        closing(ControlServer.open(socket, slow, slow, admins, executor, Duration.ofSeconds(1)));
        SocketChannel peer = connect();
        send(peer, "POST /v1/reload HTTP/1.1\r\nConnection: close\r\n\r\n");
        assertTrue(slow.begun.await(30, TimeUnit.SECONDS));
        // A later connection without an excuse is closed: so the limit has passed for the reload, too.
        assertEquals(-1, connect().read(ByteBuffer.allocate(1)));
        slow.mayEnd.countDown();
        assertEquals(200, rest(peer).status());
    }

    @Test
    void aPeerThatDoesNotReadItsAnswerIsCutOff() throws Exception {
        WordyStatus wordy = new WordyStatus();
        closing(ControlServer.open(socket, wordy, wordy, admins, executor, Duration.ofMillis(100)));
        SocketChannel peer = connect();
        send(peer, "GET /v1/status HTTP/1.1\r\n\r\n");
        dripUntilCut(peer);
    }

    @Test
    void anUnknownResourceIsRefusedInJson() throws Exception {
        serve();
        SocketClient.Reply missing = call("GET", "/v2/status");
        assertEquals(404, missing.status());
        assertEquals(
                "nothing is at /v2/status; there is GET /v1/status, GET /v1/version, GET /v1/explain, GET /v1/history, GET /v1/rules,"
                        + " GET /v1/change, GET /v1/drops, GET /v1/flows, GET /v1/talkers, POST /v1/flows/flush, GET /v1/log-level,"
                        + " POST /v1/reload, POST /v1/apply, POST /v1/rollback, POST /v1/confirm, POST /v1/panic, POST /v1/bypass,"
                        + " POST /v1/log-level",
                error(missing));

        SocketClient.Reply wrong = call("GET", "/v1/reload");
        assertEquals(405, wrong.status());
        assertEquals("/v1/reload takes POST, not GET", error(wrong));
        assertEquals(405, call("DELETE", "/v1/status").status());
        assertEquals(new SocketClient.Reply(405, ""), headOf("/v1/reload"));
    }

    private SocketClient.Reply headOf(String path) throws IOException, MalformedAnswer {
        SocketChannel peer = connect();
        send(peer, "HEAD " + path + " HTTP/1.1\r\nConnection: close\r\n\r\n");
        String head = new String(Channels.newInputStream(peer).readAllBytes(), StandardCharsets.US_ASCII);
        assertTrue(head.contains("allow: POST"), head);
        return HttpAnswer.parse(
                head.replaceAll("content-length: \\d+", "content-length: 0").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void tooMuchIsRefusedAndTheConnectionEnds() throws Exception {
        serve();
        SocketChannel announced = connect();
        send(announced, "POST /v1/reload HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nx");
        SocketClient.Reply tooLarge = rest(announced);
        assertEquals(413, tooLarge.status());
        assertEquals("a request's body may have 4096 bytes, this one has more", error(tooLarge));

        SocketChannel chunked = connect();
        send(
                chunked,
                "POST /v1/reload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + ("800\r\n" + "x".repeat(0x800) + "\r\n").repeat(3));
        assertEquals(413, rest(chunked).status());

        SocketChannel line = connect();
        send(line, "GET /" + "x".repeat(5_000) + " HTTP/1.1\r\n\r\n");
        assertEquals(414, rest(line).status());

        SocketChannel headers = connect();
        send(headers, "GET /v1/status HTTP/1.1\r\n" + ("X-Filler: " + "x".repeat(1_000) + "\r\n").repeat(10) + "\r\n");
        assertEquals(431, rest(headers).status());

        SocketChannel nonsense = connect();
        send(nonsense, "\u0016\u0003\u0001 hello there\r\n\r\n");
        assertEquals(400, rest(nonsense).status());

        SocketChannel expecting = connect();
        send(expecting, "POST /v1/reload HTTP/1.1\r\nExpect: 200-ok\r\nContent-Length: 2\r\n\r\n");
        assertEquals(417, rest(expecting).status());

        assertEquals(200, call("GET", "/v1/status").status());
    }

    @Test
    void aSmallBodyIsNoOffence() throws Exception {
        serve();
        SocketChannel peer = connect();
        send(peer, "POST /v1/reload HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}");
        assertEquals(200, rest(peer).status());
    }

    @Test
    void aConnectionServesSeveralRequestsInOrder() throws Exception {
        serve();
        SocketChannel peer = connect();
        send(
                peer,
                "GET /v1/version HTTP/1.1\r\n\r\nPOST /v1/reload HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\nConnection:"
                        + " close\r\n\r\n");
        String all = new String(Channels.newInputStream(peer).readAllBytes(), StandardCharsets.US_ASCII);
        List<String> statuses = all.lines()
                .filter(text -> text.contains("HTTP/1.1 "))
                .map(text -> text.replaceAll(".*HTTP/1.1 (...).*", "$1"))
                .toList();
        assertEquals(List.of("200", "200", "404"), statuses, all);
    }

    @Test
    void aPeerThatOnlySendsAndNeverReadsIsCutOff() throws Exception {
        serve();
        SocketChannel peer = connect();
        // More at once than may wait: a slow first one, and 20 after it.
        CountDownLatch mayEnd = new CountDownLatch(1);
        Future<?> busy = executor.submit(() -> {
            try {
                mayEnd.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        send(peer, "POST /v1/reload HTTP/1.1\r\n\r\n".repeat(1 + HttpServer.MAX_WAITING_REQUESTS + 1));
        assertEquals(-1, peer.read(ByteBuffer.allocate(1)));
        mayEnd.countDown();
        busy.get();
        assertEquals(200, call("GET", "/v1/status").status());
    }

    @Test
    void aSlowSenderIsCutOffThoughBytesKeepComing() throws Exception {
        closing(ControlServer.open(socket, daemon, daemon, admins, executor, Duration.ofMillis(100)));
        SocketChannel peer = connect();
        InputStream answers = Channels.newInputStream(peer);
        AtomicReference<Integer> end = new AtomicReference<>(0);
        Thread reader = Thread.ofPlatform().daemon().start(() -> {
            try {
                end.set(answers.read());
            } catch (IOException e) {
                end.set(-1); // reset: as good as closed
            }
        });
        send(peer, "GET /v1/status HTTP/1.1\r\nX-Slow: ");
        dripUntilCut(peer);
        reader.join();
        assertEquals(-1, end.get());
    }

    @Test
    void connectionsAreBoundedAndTheLongestIdleOneGoesForTheNext() throws Exception {
        closing(ControlServer.open(socket, daemon, daemon, admins, executor, Duration.ofMinutes(5)));
        List<SocketChannel> peers = new ArrayList<>();
        for (int i = 0; i < Connections.MAX; i++) {
            SocketChannel peer = connect();
            send(peer, "GET /v1/version HTTP/1.1\r\n\r\n");
            assertNotEquals(-1, peer.read(ByteBuffer.allocate(4_096)));
            peers.add(peer);
        }
        send(peers.getFirst(), "GET /v1/version HTTP/1.1\r\n\r\n");
        assertNotEquals(-1, peers.getFirst().read(ByteBuffer.allocate(4_096)));
        assertEquals(200, call("GET", "/v1/version").status());
        assertEquals(-1, peers.get(1).read(ByteBuffer.allocate(1)), "the second was idle for the longest time");
        for (SocketChannel peer : peers) {
            if (!peer.equals(peers.get(1))) {
                send(peer, "GET /v1/version HTTP/1.1\r\n\r\n");
                assertNotEquals(-1, peer.read(ByteBuffer.allocate(4_096)));
            }
        }
    }

    @Test
    void theSocketIsForItsGroupOnly() throws Exception {
        ControlServer server = serve();
        assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        Path parent = folder.resolve("run");
        assertEquals("rwxr-x---", PosixFilePermissions.toString(Files.getPosixFilePermissions(parent)));
        try (Stream<Path> files = Files.list(parent)) {
            assertEquals(List.of(socket), files.toList());
        }
        server.close();
        assertFalse(Files.exists(socket));
    }

    @Test
    void anExistingFolderStaysUnchanged() throws Exception {
        Path parent = Files.createDirectory(folder.resolve("run"));
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
        serve();
        assertEquals("rwxr-xr-x", PosixFilePermissions.toString(Files.getPosixFilePermissions(parent)));
    }

    @Test
    void aSocketThatADeadDaemonLeftIsReplaced() throws Exception {
        Files.createDirectory(folder.resolve("run"));
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket));
        }
        assertTrue(Files.exists(socket), "Java leaves it behind, as a crash does");
        serve();
        assertEquals(200, call("GET", "/v1/status").status());
    }

    @Test
    void aSocketOfARunningDaemonIsKept() throws Exception {
        serve();
        ServerException refused =
                assertThrows(ServerException.class, () -> ControlServer.open(socket, daemon, daemon, admins, executor));
        assertEquals(
                "control.socket " + socket + ": another portcullis answers on " + socket
                        + "; stop it, or choose another path",
                refused.getMessage());
        assertEquals(200, call("GET", "/v1/status").status());
    }

    @Test
    void aDaemonTooBusyToAcceptIsAliveToo() throws Exception {
        Files.createDirectory(folder.resolve("run"));
        ServerSocketChannel busy = closing(ServerSocketChannel.open(StandardProtocolFamily.UNIX));
        busy.bind(UnixDomainSocketAddress.of(socket), 1);
        for (int i = 0; i < 2; i++) {
            connect(); // the queue is full with this
        }
        assertThrows(ServerException.class, this::serve);
        assertTrue(Files.exists(socket));
    }

    /** Kept open: checked a hundred times a second. */
    private Listening keepOpen() {
        return closing(Listening.start(
                "the control socket",
                () -> ControlServer.open(socket, daemon, daemon, admins, executor),
                Duration.ofMillis(10)));
    }

    private void awaitAnswer() {
        ListeningTest.await("an answer", () -> {
            try {
                return call("GET", "/v1/version").status() == 200;
            } catch (Unreachable notYet) {
                return false;
            }
        });
    }

    @Test
    void aRemovedSocketIsMadeAgain() throws Exception {
        keepOpen();
        awaitAnswer();
        Files.delete(socket);
        awaitAnswer();
        Files.delete(socket);
        Files.delete(Objects.requireNonNull(socket.getParent()));
        awaitAnswer();
    }

    @Test
    void aSocketThatAnotherDaemonReplacedIsItsOwnUntilItIsGone() throws Exception {
        Listening kept = keepOpen();
        awaitAnswer();
        Files.delete(socket);
        ServerSocketChannel other = closing(ServerSocketChannel.open(StandardProtocolFamily.UNIX));
        other.bind(UnixDomainSocketAddress.of(socket));
        ListeningTest.await(
                "the trouble",
                () -> kept.trouble()
                        .equals(Optional.of("control.socket " + socket + ": another portcullis answers on " + socket
                                + "; stop it, or choose another path")));
        other.close();
        awaitAnswer();
        ListeningTest.await("its end", () -> kept.trouble().isEmpty());
    }

    @Test
    void aStopLeavesAnothersSocketAlone() throws Exception {
        ControlServer server = serve();
        assertEquals(Optional.empty(), server.trouble());
        Files.delete(socket);
        assertEquals(Optional.of("control.socket " + socket + ": somebody removed it"), server.trouble());
        Files.writeString(socket, "another's");
        assertEquals(Optional.of("control.socket " + socket + ": another file is in its place"), server.trouble());
        server.close();
        assertEquals("another's", Files.readString(socket));
    }

    @Test
    void aBoundSocketThatCanNotBePublishedIsRemoved() throws Exception {
        Path parent = Files.createDirectory(folder.resolve("run"));
        Files.createDirectory(socket);
        Files.createFile(socket.resolve("something"));
        assertThrows(ServerException.class, this::serve);
        try (Stream<Path> files = Files.list(parent)) {
            assertEquals(List.of(socket), files.toList());
        }
    }

    @Test
    void aSocketThatBelongsToTheGroupIsNotChanged() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        String group =
                Files.readAttributes(file, PosixFileAttributes.class).group().getName();
        Object changed = Files.getAttribute(file, "unix:ctime");
        // Longer than a tick of the clock of file times: a change of the file would show in its ctime.
        Thread.sleep(20);
        assertEquals(Optional.empty(), SocketFile.give(file, group));
        assertEquals(changed, Files.getAttribute(file, "unix:ctime"));
        assertEquals(Optional.empty(), SocketFile.give(file, "no-such-group"));
    }

    @Test
    void aFailureToSetTheGroupIsNoFailure() {
        // proc(5): nobody may change the owner of a file there, not even root.
        assertEquals(
                Optional.of("Operation not permitted"), SocketFile.give(Path.of("/proc/sys/kernel/ostype"), "daemon"));
    }

    @Test
    void anotherKindOfFileIsKept() throws Exception {
        Files.createDirectory(folder.resolve("run"));
        Files.writeString(socket, "dear");
        ServerException refused = assertThrows(ServerException.class, this::serve);
        assertEquals(
                "control.socket " + socket + ": it is not a socket; move it away or choose another path",
                refused.getMessage());
        assertEquals("dear", Files.readString(socket));
    }

    @Test
    void aFileInTheWayOfTheFolderIsNamed() throws Exception {
        Files.writeString(folder.resolve("run"), "");
        ServerException refused = assertThrows(ServerException.class, this::serve);
        assertEquals(
                "control.socket " + socket + ": " + folder.resolve("run") + " is not a folder", refused.getMessage());
    }

    @Test
    void aPathLongerThanTheKernelTakesIsNamed() {
        socket = folder.resolve("x".repeat(120));
        ServerException refused = assertThrows(ServerException.class, this::serve);
        int length = socket.toString().length();
        assertEquals(
                "control.socket " + socket + ": " + length
                        + " bytes are too many for the path of a socket; 106 is the most, choose a shorter one",
                refused.getMessage());
    }

    @Test
    void aPathOfMaximalLengthWorks() throws Exception {
        String parent = folder.toString();
        socket = folder.resolve("s".repeat(SocketFile.MAX_PATH_LENGTH - parent.length() - 1));
        serve();
        assertEquals(200, call("GET", "/v1/status").status());
    }

    @Test
    void aDefectIsAnsweredAndDoesNotEndTheServer() throws Exception {
        FakeDaemon broken = new FakeDaemon() {
            @Override
            public StatusReport status() {
                throw new IllegalStateException("a test's defect");
            }

            @Override
            public ReloadReport reload(ReloadRequest request, Actor actor) {
                throw new IllegalStateException("a test's defect");
            }
        };
        closing(ControlServer.open(socket, broken, broken, admins, executor));
        SocketClient.Reply reply = call("GET", "/v1/status");
        assertEquals(500, reply.status());
        assertEquals("a defect of the server, which its log describes", error(reply));
        assertEquals(500, call("POST", "/v1/reload").status());
    }

    @Test
    void aReloadThatComesWhileTheDaemonStopsIsRefused() throws Exception {
        serve();
        executor.shutdown();
        SocketClient.Reply reply = call("POST", "/v1/reload");
        assertEquals(503, reply.status());
        assertEquals("the server is stopping", error(reply));
    }

    /** A status that no socket's buffer holds. */
    private static final class WordyStatus extends FakeDaemon {
        @Override
        public StatusReport status() {
            StatusReport few = super.status();
            List<String> warnings = new ArrayList<>();
            for (int i = 0; i < 50_000; i++) {
                warnings.add("portcullis.yaml:" + i + ":1: never reached");
            }
            return new StatusReport(
                    few.version(),
                    few.pid(),
                    few.startedAt(),
                    few.config(),
                    few.generation(),
                    few.change(),
                    few.pending(),
                    few.lastReload(),
                    few.interfaces(),
                    warnings,
                    List.of(),
                    few.emergency());
        }
    }

    @Test
    void ordersInPlaceOfTheRulesReachTheDaemon() throws Exception {
        serve();
        assertEquals(200, call("POST", "/v1/panic?state=on&keep-failsafe=true").status());
        assertEquals(new PanicRequest(true, true), daemon.panic);
        assertEquals(200, call("POST", "/v1/panic?state=off").status());
        assertEquals(new PanicRequest(false, false), daemon.panic);
        assertEquals(200, call("POST", "/v1/bypass?interface=web0&for=5m").status());
        assertEquals(new BypassRequest("web0", 300_000), daemon.bypass);
        assertEquals(200, call("POST", "/v1/bypass?interface=web0&for=0s").status());
        assertEquals(new BypassRequest("web0", 0), daemon.bypass);
        daemon.emergency = new EmergencyReport(false, List.of("disk full"), List.of(), EmergencyStatus.NONE);
        assertEquals(422, call("POST", "/v1/panic?state=on").status());
        for (String misuse : List.of(
                "panic",
                "panic?state=yes",
                "panic?state=off&keep-failsafe=true",
                "panic?state=on&keep-failsafe=1",
                "bypass?for=5m",
                "bypass?interface=web0",
                "bypass?interface=web0&for=5",
                "bypass?interface=web0&for=25h",
                "bypass?interface=web0&for=10ms")) {
            assertEquals(400, call("POST", "/v1/" + misuse).status(), misuse);
        }
    }

    @Test
    void theLogLevelIsShownAndSet() throws Exception {
        serve();
        assertEquals(
                new LogLevels.Report("info", "info", null),
                JSON.readValue(call("GET", "/v1/log-level").body(), LogLevels.Report.class));
        assertEquals(200, call("POST", "/v1/log-level?level=debug&for=10m").status());
        assertEquals(new LogLevels.Request("debug", 600_000), daemon.askedLevel);
        assertEquals(200, call("POST", "/v1/log-level?level=trace").status());
        assertEquals(new LogLevels.Request("trace", 0), daemon.askedLevel);
        for (String misuse : List.of("", "?for=10m", "?level=debug&for=ten", "?level=loud")) {
            assertEquals(400, call("POST", "/v1/log-level" + misuse).status(), misuse);
        }
        assertEquals(405, call("DELETE", "/v1/log-level").status());
    }

    @Test
    void aHugeStatusArrivesWhole() throws Exception {
        WordyStatus wordy = new WordyStatus();
        closing(ControlServer.open(socket, wordy, wordy, admins, executor));
        String body = call("GET", "/v1/status").body();
        assertTrue(body.length() > 1_000_000);
        assertEquals(wordy.status(), JSON.readValue(body, StatusReport.class));
    }
}
