package io.portcullis.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client for HTTP/1.1 over a Unix socket: one request, one answer, one connection. */
public final class SocketClient {
    /** Bytes of the head and the body together. */
    private static final int MAX_ANSWER_LENGTH = 64 << 20;

    private static final int PIECE_LENGTH = 64 << 10;
    private static final byte[] NO_BODY = {};

    /**
     * An answer.
     *
     * @param status of HTTP
     * @param body as UTF-8
     */
    public record Reply(int status, String body) {}

    private SocketClient() {}

    /**
     * Sends a request without a body, and waits for the answer.
     *
     * @param method {@code GET}, {@code POST}
     * @param target path and query
     * @param timeout for connection, request and answer together: a kernel connects to a server that hangs, too
     * @throws Unreachable if no whole answer comes
     */
    public static Reply call(Path socket, String method, String target, Duration timeout) throws Unreachable {
        return call(socket, method, target, NO_BODY, timeout);
    }

    /** As {@link #call(Path, String, String, Duration)}, with a body of any bytes. */
    public static Reply call(Path socket, String method, String target, byte[] body, Duration timeout)
            throws Unreachable {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            FutureTask<byte[]> call = new FutureTask<>(() -> exchange(channel, socket, method, target, body));
            Thread.ofPlatform().daemon().name("socket-client").start(call);
            byte[] answer = call.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (answer.length == MAX_ANSWER_LENGTH) {
                throw new MalformedAnswer("it has no end within " + (MAX_ANSWER_LENGTH >> 20) + " MiB");
            }
            return HttpAnswer.parse(answer);
        } catch (TimeoutException e) {
            throw new Unreachable(
                    Unreachable.Why.SILENT, socket + " did not answer within " + timeout.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unreachable(Unreachable.Why.OTHER, "interrupted while waiting for " + socket, e);
        } catch (MalformedAnswer e) {
            throw new Unreachable(
                    Unreachable.Why.NOT_HTTP, "the answer on " + socket + " is cut or not HTTP: " + e.getMessage(), e);
        } catch (ExecutionException e) {
            throw unreachable(socket, e.getCause() == null ? e : e.getCause());
        } catch (IOException e) {
            throw unreachable(socket, e);
        }
    }

    private static byte[] exchange(SocketChannel channel, Path socket, String method, String target, byte[] body)
            throws IOException {
        channel.connect(UnixDomainSocketAddress.of(socket));
        // The server closes the connection after the answer: the end of the stream is the end of the answer.
        String request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Length: " + body.length + "\r\n\r\n";
        try {
            send(channel, request.getBytes(StandardCharsets.US_ASCII));
            send(channel, body);
        } catch (IOException cut) {
            // A server that closes before it has read all may have said why.
            byte[] answer = answer(channel);
            if (answer.length == 0) {
                throw cut;
            }
            return answer;
        }
        return answer(channel);
    }

    /** What came until the end of the stream, or until the server cut it off: the kernel resets a connection with unread bytes. */
    private static byte[] answer(SocketChannel channel) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        ByteBuffer piece = ByteBuffer.allocate(PIECE_LENGTH);
        try {
            while (answer.size() < MAX_ANSWER_LENGTH && channel.read(piece) >= 0) {
                answer.write(piece.array(), 0, Math.min(piece.position(), MAX_ANSWER_LENGTH - answer.size()));
                piece.clear();
            }
        } catch (IOException cut) {
            if (answer.size() == 0) {
                throw cut;
            }
        }
        return answer.toByteArray();
    }

    private static void send(SocketChannel channel, byte[] all) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(all);
        while (bytes.hasRemaining()) {
            // The JDK copies each write to memory outside of the heap, which it keeps.
            ByteBuffer piece = bytes.slice(bytes.position(), Math.min(bytes.remaining(), PIECE_LENGTH));
            bytes.position(bytes.position() + channel.write(piece));
        }
    }

    private static Unreachable unreachable(Path socket, Throwable cause) {
        try {
            Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return new Unreachable(Unreachable.Why.NO_SOCKET, "there is no " + socket, e);
        } catch (AccessDeniedException e) {
            return denied(socket, e);
        } catch (IOException e) {
            return other(socket, e);
        }
        if (!Files.isWritable(socket)) {
            return denied(socket, cause);
        }
        return cause instanceof ConnectException
                ? new Unreachable(Unreachable.Why.NOBODY, "nobody listens on " + socket, cause)
                : other(socket, cause);
    }

    private static Unreachable denied(Path socket, Throwable cause) {
        return new Unreachable(Unreachable.Why.DENIED, "permission denied: " + socket, cause);
    }

    private static Unreachable other(Path socket, Throwable cause) {
        return new Unreachable(Unreachable.Why.OTHER, socket + ": " + cause.getMessage(), cause);
    }
}
