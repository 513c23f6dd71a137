package io.portcullis.http;

import io.portcullis.control.ControlServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
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

/** The command line's end of {@link ControlServer}: one request, one answer. */
public final class SocketClient {
    private static final int MAX_ANSWER_LENGTH = 64 << 20;

    /**
     * An answer.
     *
     * @param status of HTTP
     * @param body JSON
     */
    public record Reply(int status, String body) {}

    private SocketClient() {}

    /**
     * Asks the daemon, and waits.
     *
     * @param socket of the daemon
     * @param method {@code GET}, {@code POST}
     * @param path {@code /v1/status}
     * @param timeout for all of it
     * @throws Unreachable if there is no whole answer; says why and what to do
     */
    public static Reply call(Path socket, String method, String path, Duration timeout) throws Unreachable {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            FutureTask<byte[]> exchange = new FutureTask<>(() -> exchange(channel, socket, method, path));
            Thread.ofPlatform().daemon().name("portcullis-call").start(exchange);
            byte[] answer = exchange.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
            return HttpAnswer.parse(answer);
        } catch (TimeoutException e) {
            throw new Unreachable(
                    "the daemon behind " + socket + " did not answer within " + timeout.toSeconds()
                            + " s; it is busy or hangs, see its log (journalctl -u portcullis)",
                    e,
                    Unreachable.End.SILENT);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unreachable("interrupted while the daemon behind " + socket + " was asked", e);
        } catch (HttpAnswer.Malformed e) {
            throw new Unreachable(
                    "what answers on " + socket + " is no portcullis, or it ended halfway: " + e.getMessage(), e);
        } catch (ExecutionException e) {
            throw unreachable(socket, e.getCause() == null ? e : e.getCause());
        } catch (IOException e) {
            throw unreachable(socket, e);
        }
    }

    private static byte[] exchange(SocketChannel channel, Path socket, String method, String path) throws IOException {
        channel.connect(UnixDomainSocketAddress.of(socket));
        // Closed by the server after the answer: its end is the end of the stream.
        String request = method + " " + path + " HTTP/1.1\r\nHost: portcullis\r\nConnection: close\r\n"
                + "Content-Length: 0\r\n\r\n";
        ByteBuffer bytes = ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        return Channels.newInputStream(channel).readNBytes(MAX_ANSWER_LENGTH);
    }

    private static Unreachable unreachable(Path socket, Throwable cause) {
        String start = "start it (systemctl start portcullis)";
        try {
            Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return new Unreachable(
                    "no portcullis runs here: there is no " + socket + "; " + start
                            + " or name its control.socket with --socket",
                    e,
                    Unreachable.End.NOBODY);
        } catch (AccessDeniedException e) {
            return denied(socket, e);
        } catch (IOException e) {
            return new Unreachable("no portcullis at " + socket + ": " + e.getMessage(), e);
        }
        if (!Files.isWritable(socket)) {
            return denied(socket, cause);
        }
        if (cause instanceof ConnectException) {
            return new Unreachable(
                    "no portcullis answers on " + socket + ", the one that made it is gone; " + start,
                    cause,
                    Unreachable.End.NOBODY);
        }
        return new Unreachable("no portcullis at " + socket + ": " + cause.getMessage(), cause);
    }

    private static Unreachable denied(Path socket, Throwable cause) {
        return new Unreachable(
                "permission denied: " + socket + " is for root and the group portcullis; use sudo, or join the group"
                        + " (usermod -aG portcullis USER)",
                cause);
    }
}
