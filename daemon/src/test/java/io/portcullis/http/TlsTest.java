package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.testing.TestCertificate;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server with TLS, and clients that behave and others that do not. */
@Timeout(120)
final class TlsTest {
    private static final int PATIENT = 30_000;
    private static final String GET = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final byte[] LARGE = new byte[3_000_000];

    private static TestCertificate one;
    private static TestCertificate other;

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<Throwable> defects = new CopyOnWriteArrayList<>();
    private final AtomicLong nanos = new AtomicLong();
    private Thread.UncaughtExceptionHandler before;

    @SuppressWarnings("NullAway.Init") // each test serves
    private ServerCertificate certificate;

    @SuppressWarnings("NullAway.Init") // each test serves
    private InetSocketAddress address;

    @BeforeAll
    static void make(@TempDir Path shared) throws Exception {
        one = TestCertificate.make(shared, "-keyalg", "EC");
        other = TestCertificate.make(shared, "-keyalg", "RSA");
    }

    @BeforeEach
    void collectDefects() {
        before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, defect) -> defects.add(defect));
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
        Thread.setDefaultUncaughtExceptionHandler(before);
        assertEquals(List.of(), defects);
    }

    private void serve(Duration idle, int connections) throws Exception {
        one.write(folder.resolve("cert"), folder.resolve("key"));
        certificate = ServerCertificate.open(
                new ServerCertificate.Files(folder.resolve("cert"), folder.resolve("key"), Optional.empty()),
                Instant::now,
                nanos::get);
        HttpServer server = new HttpServer(
                "tls-test",
                new Routes(
                        new Routes.Resource(
                                "GET", "/", _ -> CompletableFuture.completedFuture(Response.text(200, "hello"))),
                        new Routes.Resource(
                                "GET",
                                "/large",
                                _ -> CompletableFuture.completedFuture(new Response(200, "x", LARGE, Map.of()))),
                        new Routes.Resource(
                                "POST",
                                "/",
                                1_000_000,
                                request -> CompletableFuture.completedFuture(
                                        Response.text(200, "" + request.body().length())))),
                new ServerSettings(idle, 4_096, connections, connections, certificate));
        open.add(server);
        TcpAddress named = new TcpAddress("test.listen", "127.0.0.1", 0);
        address = server.listen(named, named.resolve());
    }

    private SSLSocket connect(TestCertificate trusted, String... protocols) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        store.setCertificateEntry("server", trusted.certificate());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), new SecureRandom());
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(address.getAddress(), address.getPort());
        open.add(socket);
        socket.setSoTimeout(PATIENT);
        if (protocols.length > 0) {
            socket.setEnabledProtocols(protocols);
        }
        return socket;
    }

    private static void send(Socket to, String text) throws IOException {
        OutputStream out = to.getOutputStream();
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
            line.append((char) c);
        }
        return line.toString().strip();
    }

    private static String answer(Socket from) throws IOException {
        InputStream in = from.getInputStream();
        String status = line(in);
        int length = 0;
        for (String header = line(in); !header.isEmpty(); header = line(in)) {
            if (header.startsWith("content-length: ")) {
                length = Integer.parseInt(header.substring(16));
            }
        }
        return status + " " + new String(in.readNBytes(length), StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void requestsAreAnsweredOverTls(String protocol) throws Exception {
        serve(HttpServer.IDLE, 10);
        SSLSocket peer = connect(one, protocol);
        for (int i = 0; i < 3; i++) {
            send(peer, GET);
            assertEquals("HTTP/1.1 200 OK hello", answer(peer));
        }
        assertEquals(protocol, peer.getSession().getProtocol());
        send(peer, "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + "x".repeat(1_000_000));
        assertEquals("HTTP/1.1 200 OK 1000000", answer(peer));
    }

    /** The client sees the end of TLS behind the answer: a connection that only ends could have been cut by somebody else. */
    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aLastAnswerEndsWithTheEndOfTls(String protocol) throws Exception {
        serve(HttpServer.IDLE, 10);
        SSLSocket peer = connect(one, protocol);
        send(peer, "GET /large HTTP/1.1\r\nConnection: close\r\n\r\n");
        byte[] all = peer.getInputStream().readAllBytes();
        byte[] body = Arrays.copyOfRange(all, all.length - LARGE.length, all.length);
        assertArrayEquals(LARGE, body);
    }

    @Test
    void aRequestWithoutTlsIsCutOff() throws Exception {
        serve(HttpServer.IDLE, 10);
        try (Socket raw = new Socket(address.getAddress(), address.getPort())) {
            raw.setSoTimeout(PATIENT);
            send(raw, GET);
            assertTrue(isCut(raw));
        }
    }

    /** Reads until the end; false: it does not come in time. */
    private static boolean isCut(Socket socket) throws IOException {
        try {
            while (socket.getInputStream().read() >= 0) {
                // An alert may come first.
            }
            return true;
        } catch (SocketTimeoutException open) {
            return false;
        } catch (IOException reset) {
            return true;
        }
    }

    @Test
    void aClientThatDoesNotTrustTheCertificateLeaves() throws Exception {
        serve(HttpServer.IDLE, 10);
        SSLSocket peer = connect(other);
        assertThrows(SSLHandshakeException.class, peer::startHandshake);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHandshakeThatIsTooSlowIsCutOff(boolean dripping) throws Exception {
        serve(Duration.ofMillis(500), 10);
        try (Socket raw = new Socket(address.getAddress(), address.getPort())) {
            raw.setSoTimeout(dripping ? 20 : PATIENT);
            // The head of a record of 16,000 bytes, which never comes whole.
            raw.getOutputStream().write(new byte[] {22, 3, 1, 0x3e, (byte) 0x80, 1});
            long end = System.nanoTime() + Duration.ofMillis(PATIENT).toNanos();
            boolean cut = false;
            while (!cut && System.nanoTime() < end) {
                cut = isCut(raw) || dripping && !drip(raw);
            }
            assertTrue(cut);
        }
    }

    private static boolean drip(Socket to) {
        try {
            to.getOutputStream().write(1);
            return true;
        } catch (IOException cut) {
            return false;
        }
    }

    @Test
    void aClientThatSaysNothingBehindTheHandshakeIsCutOff() throws Exception {
        serve(Duration.ofMillis(500), 10);
        SSLSocket peer = connect(one);
        peer.startHandshake();
        assertTrue(isCut(peer));
    }

    /** Peers that begin a handshake and stop hold connections; another one still gets its answer. */
    @Test
    void handshakesThatStopExcludeNobody() throws Exception {
        serve(Duration.ofSeconds(60), 4);
        List<Socket> idle = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Socket raw = new Socket(address.getAddress(), address.getPort());
            open.add(raw);
            raw.getOutputStream().write(22);
            idle.add(raw);
        }
        SSLSocket peer = connect(one);
        send(peer, GET);
        assertEquals("HTTP/1.1 200 OK hello", answer(peer));
        idle.getFirst().setSoTimeout(PATIENT);
        assertTrue(isCut(idle.getFirst()));
    }

    @Test
    void aPeerThatDoesNotReadIsCutOff() throws Exception {
        serve(Duration.ofMillis(500), 1);
        SSLSocket deaf = connect(one);
        deaf.startHandshake();
        send(deaf, "GET /large HTTP/1.1\r\n\r\n".repeat(10));
        SSLSocket peer = connect(one);
        send(peer, GET);
        assertEquals("HTTP/1.1 200 OK hello", answer(peer), "the only connection is for whoever comes next");
        assertTrue(isCut(deaf));
    }

    @Test
    void aReplacedCertificateIsForNewConnections() throws Exception {
        serve(HttpServer.IDLE, 10);
        SSLSocket old = connect(one);
        send(old, GET);
        assertEquals("HTTP/1.1 200 OK hello", answer(old));
        other.write(folder.resolve("cert"), folder.resolve("key"));
        nanos.addAndGet(ServerCertificate.INTERVAL.toNanos());
        certificate.look();
        assertEquals(Optional.empty(), certificate.trouble());
        SSLSocket next = connect(other);
        send(next, GET);
        assertEquals("HTTP/1.1 200 OK hello", answer(next));
        assertEquals(other.certificate(), next.getSession().getPeerCertificates()[0]);
        send(old, GET);
        assertEquals("HTTP/1.1 200 OK hello", answer(old));
        assertEquals(one.certificate(), old.getSession().getPeerCertificates()[0]);
    }

    @Test
    void aFaultyReplacementIsForNobody() throws Exception {
        serve(HttpServer.IDLE, 10);
        Files.writeString(folder.resolve("cert"), other.pem());
        nanos.addAndGet(ServerCertificate.INTERVAL.toNanos());
        certificate.look();
        assertTrue(certificate.trouble().isPresent());
        SSLSocket peer = connect(one);
        send(peer, GET);
        assertEquals("HTTP/1.1 200 OK hello", answer(peer));
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        serve(HttpServer.IDLE, 10);
        TcpAddress taken = new TcpAddress("ec2-api.listen", "127.0.0.1", address.getPort());
        try (HttpServer second = new HttpServer("tls-test-2", new Routes(), HttpServer.IDLE)) {
            ServerException refused = assertThrows(ServerException.class, () -> second.listen(taken, taken.resolve()));
            assertEquals(
                    "ec2-api.listen 127.0.0.1:" + address.getPort()
                            + ": address already in use by another process; change ec2-api.listen or stop it",
                    refused.getMessage());
        }
        assertEquals("ec2-api.listen [::1]:1", new TcpAddress("ec2-api.listen", "::1", 1).toString());
    }
}
