package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The client with servers that are absent or misbehave. */
@Timeout(60)
final class SocketClientTest {
    private static final Duration PATIENT = Duration.ofSeconds(30);

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path folder;

    @SuppressWarnings("NullAway.Init") // set before each test
    private Path socket;

    @SuppressWarnings("NullAway.Init") // set before each test
    private ServerSocketChannel listener;

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("control.sock");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    /** The reply that the client reads from an answer. */
    private SocketClient.Reply answering(String answer) throws Unreachable {
        Thread.ofPlatform().daemon().start(() -> {
            try (SocketChannel peer = listener.accept()) {
                peer.read(ByteBuffer.allocate(4_096));
                peer.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        return SocketClient.call(socket, "GET", "/v1/status", PATIENT);
    }

    private String refusal(Path of) {
        return String.valueOf(assertThrows(Unreachable.class, () -> SocketClient.call(of, "GET", "/v1/status", PATIENT))
                .getMessage());
    }

    @Test
    void aBodyOfKnownLengthIsRead() throws Unreachable {
        assertEquals(
                new SocketClient.Reply(200, "{ü}"),
                answering("HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 4\r\n\r\n{ü}"));
    }

    @Test
    void aBodyInChunksIsRead() throws Unreachable {
        assertEquals(
                new SocketClient.Reply(422, "0123456789XYZ"),
                answering("HTTP/1.1 422 No\r\ntransfer-encoding:"
                        + " Chunked\r\n\r\na\r\n0123456789\r\n3;a=b\r\nXYZ\r\n0\r\n\r\n"));
    }

    @Test
    void aBodyUpToTheEndIsRead() throws Unreachable {
        assertEquals(new SocketClient.Reply(500, "all"), answering("HTTP/1.0 500\r\n\r\nall"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "HTTP/1.1 200 OK",
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
                "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nabc",
                "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nabc",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nabcd\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                "SSH-2.0-OpenSSH_9.2\r\n\r\n"
            })
    void aCutOrForeignAnswerIsNamed(String answer) {
        Unreachable refused = assertThrows(Unreachable.class, () -> answering(answer));
        assertTrue(
                String.valueOf(refused.getMessage()).startsWith("the answer on " + socket + " is cut or not HTTP: "),
                refused.getMessage());
    }

    @Test
    void anAnswerOfAServerThatClosesBeforeItHasReadAllIsRead() throws Unreachable {
        Thread.ofPlatform().daemon().start(() -> {
            try (SocketChannel peer = listener.accept()) {
                peer.write(ByteBuffer.wrap("HTTP/1.1 503 No\r\n\r\nfull".getBytes(StandardCharsets.UTF_8)));
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        assertEquals(
                new SocketClient.Reply(503, "full"),
                SocketClient.call(socket, "POST", "/", new byte[10_000_000], PATIENT));
    }

    @Test
    void aServerThatClosesWithoutAnAnswerIsNamed() {
        Thread.ofPlatform().daemon().start(() -> {
            try (SocketChannel peer = listener.accept()) {
                peer.shutdownInput();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        Unreachable cut = assertThrows(
                Unreachable.class, () -> SocketClient.call(socket, "POST", "/", new byte[10_000_000], PATIENT));
        assertTrue(String.valueOf(cut.getMessage()).contains(socket.toString()), cut.getMessage());
    }

    @Test
    void noAnswerInTimeIsNamed() {
        // The kernel takes the connection; nobody accepts it.
        Unreachable refused = assertThrows(
                Unreachable.class, () -> SocketClient.call(socket, "GET", "/v1/status", Duration.ofMillis(50)));
        assertTrue(
                String.valueOf(refused.getMessage()).startsWith(socket + " did not answer within "),
                refused.getMessage());
    }

    @Test
    void aServerWithAFullBacklogRunsIntoTheTimeLimit() throws IOException {
        listener.close();
        socket = folder.resolve("full.sock");
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket), 1);
        try (SocketChannel first = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                SocketChannel second = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            assertTrue(first.isConnected() && second.isConnected());
            Unreachable refused = assertThrows(
                    Unreachable.class, () -> SocketClient.call(socket, "GET", "/v1/status", Duration.ofMillis(50)));
            assertTrue(refused.isSilence());
            assertFalse(refused.isNobodyThere());
        }
    }

    @Test
    void noSocketIsNamed() {
        Path none = folder.resolve("none.sock");
        assertEquals("there is no " + none, refusal(none));
    }

    @Test
    void aSocketWithoutAServerIsNamed() throws IOException {
        listener.close();
        assertEquals("nobody listens on " + socket, refusal(socket));
    }

    @Test
    void aPathTooLongIsRefused() {
        Path tooLong = folder.resolve("x".repeat(150));
        assertTrue(refusal(tooLong).contains("there is no " + tooLong));
    }
}
