package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.cli.daemon.Exit;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The messages of the command line when no daemon answers, or when one refuses. */
final class DaemonSocketTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path folder;

    private static String refusal(Path socket) {
        StringWriter err = new StringWriter();
        CommandLine line = Cli.commandLine().setErr(new PrintWriter(err));
        assertEquals(Exit.UNREACHABLE, line.execute("status", "--socket", socket.toString()));
        return err.toString().strip();
    }

    @Test
    void noSocketIsNamed() {
        Path none = folder.resolve("none.sock");
        assertEquals(
                "portcullis: no portcullis runs here: there is no " + none
                        + "; start it (systemctl start portcullis) or name its control.socket with --socket",
                refusal(none));
    }

    @Test
    void aSocketWithoutADaemonIsNamed() throws IOException {
        Path socket = folder.resolve("control.sock");
        try (ServerSocketChannel ended = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            ended.bind(UnixDomainSocketAddress.of(socket));
        }
        assertEquals(
                "portcullis: no portcullis answers on " + socket
                        + ", the daemon that made it has ended; start it (systemctl start portcullis)",
                refusal(socket));
    }

    /** The output of {@code portcullis reload} for such an answer of the daemon. */
    private String reload(String answer, int exit) throws IOException {
        Path socket = folder.resolve("refusing.sock");
        StringWriter err = new StringWriter();
        try (ServerSocketChannel daemon = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            daemon.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> {
                try (SocketChannel peer = daemon.accept()) {
                    peer.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
                    peer.shutdownOutput();
                    peer.read(ByteBuffer.allocate(4_096));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            CommandLine line = Cli.commandLine().setErr(new PrintWriter(err));
            assertEquals(exit, line.execute("reload", "--socket", socket.toString()));
        }
        return err.toString().strip();
    }

    @Test
    void aRefusedUserGetsTheDaemonsMessage() throws IOException {
        assertEquals(
                "portcullis: user alice (uid 1000) may look, but not change anything: use sudo",
                reload(
                        "HTTP/1.1 403 Forbidden\r\n\r\n"
                                + "{\"error\":\"user alice (uid 1000) may look, but not change anything: use sudo\"}",
                        Exit.NO));
    }

    @Test
    void anotherErrorHasItsNumber() throws IOException {
        assertEquals(
                "portcullis: the daemon answers 503: the server is stopping",
                reload("HTTP/1.1 503 No\r\n\r\n{\"error\":\"the server is stopping\"}", Exit.NO));
    }
}
