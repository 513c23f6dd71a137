package io.portcullis.cli;

import io.portcullis.http.SocketClient;
import io.portcullis.http.Unreachable;
import java.nio.file.Path;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The option that names the daemon's socket, and the call through it. */
final class DaemonSocket {
    /** For connection, request and answer together: a daemon that hangs is connected to all the same, by the kernel. */
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;

    /** A report of a reload that was refused. */
    private static final int UNPROCESSABLE = 422;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            defaultValue = "/run/portcullis/control.sock",
            description = "The daemon's control socket (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path path;

    Path path() {
        return path.toAbsolutePath();
    }

    /** The daemon answered, but not with what it was asked for; the message is what it said. */
    static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        private final int status;

        Refused(int status, String message) {
            super(message);
            this.status = status;
        }

        /** True: what was asked makes no sense there. */
        boolean isMisuse() {
            return status == BAD_REQUEST;
        }
    }

    /**
     * Asks the daemon.
     *
     * @param as the shape of its answer
     * @throws Unreachable if it does not answer
     * @throws Refused if it answers with an error
     */
    <T> T ask(String method, String resource, Class<T> as) throws Unreachable, Refused {
        SocketClient.Reply reply = SocketClient.call(path(), method, resource, TIMEOUT);
        if (reply.status() != OK && reply.status() != UNPROCESSABLE) {
            throw new Refused(
                    reply.status(), "the daemon answers " + reply.status() + ": " + JsonText.errorIn(reply.body()));
        }
        return JsonText.read(reply.body(), as);
    }
}
