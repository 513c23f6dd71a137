package io.portcullis.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What the command line says when no daemon answers. */
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
}
