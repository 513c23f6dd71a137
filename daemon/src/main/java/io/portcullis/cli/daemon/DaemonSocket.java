package io.portcullis.cli.daemon;

import com.fasterxml.jackson.core.JsonProcessingException;
import io.portcullis.cli.text.JsonText;
import io.portcullis.http.SocketClient;
import io.portcullis.http.Unreachable;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** The option that names the daemon's socket, and the call through it. */
public final class DaemonSocket {
    /** For connection, request and answer together. */
    public static final Duration TIMEOUT = Duration.ofSeconds(5);

    private static final String START = "start it (systemctl start portcullis)";

    private static final int OK = 200;
    private static final int BAD_REQUEST = 400;

    /** Who asks may not; the error says all. */
    private static final int FORBIDDEN = 403;

    private static final int NOT_FOUND = 404;

    /** A report of a reload that was refused. */
    private static final int UNPROCESSABLE = 422;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            defaultValue = "/run/portcullis/control.sock",
            description = "The daemon's control socket (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path path;

    /** Where it is, absolute. */
    public Path path() {
        return path.toAbsolutePath();
    }

    /** The daemon answered with an error; the message is its sentence. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        private final int status;

        Refused(int status, String message) {
            super(message);
            this.status = status;
        }

        /** True: the request makes no sense there. */
        boolean isMisuse() {
            return status == BAD_REQUEST;
        }
    }

    /**
     * Asks the daemon.
     *
     * @param query of the resource, not encoded
     * @param as the shape of its answer
     * @throws Unreachable if it does not answer; the message says what to do
     * @throws Refused if it answers with an error
     */
    public <T> T ask(String method, String resource, Map<String, String> query, Class<T> as)
            throws Unreachable, Refused {
        return ask(method, resource, query, new byte[0], TIMEOUT, as);
    }

    /**
     * As {@link #ask(String, String, Map, Class)}.
     *
     * @param body of the request, any bytes; empty: none
     * @param timeout for connection, request and answer together
     */
    public <T> T ask(
            String method, String resource, Map<String, String> query, byte[] body, Duration timeout, Class<T> as)
            throws Unreachable, Refused {
        SocketClient.Reply reply;
        try {
            reply = SocketClient.call(path(), method, resource + encoded(query), body, timeout);
        } catch (Unreachable e) {
            throw e.saying(advice(e));
        }
        if (reply.status() != OK && reply.status() != UNPROCESSABLE) {
            String error = JsonText.errorIn(reply.body());
            throw new Refused(
                    reply.status(),
                    reply.status() == FORBIDDEN || reply.status() == NOT_FOUND
                            ? error
                            : "the daemon answers " + reply.status() + ": " + error);
        }
        try {
            return JsonText.read(reply.body(), as);
        } catch (JsonProcessingException e) {
            Unreachable foreign = new Unreachable(
                    Unreachable.Why.NOT_HTTP,
                    "the answer on " + path() + " has another form than this command expects",
                    e);
            throw foreign.saying(advice(foreign));
        }
    }

    private static String encoded(Map<String, String> query) {
        return query.isEmpty()
                ? ""
                : query.entrySet().stream()
                        .map(pair -> pair.getKey() + "=" + URLEncoder.encode(pair.getValue(), StandardCharsets.UTF_8))
                        .collect(Collectors.joining("&", "?", ""));
    }

    private String advice(Unreachable e) {
        return switch (e.why()) {
            case NO_SOCKET ->
                "no portcullis runs here: there is no " + path() + "; " + START
                        + " or name its control.socket with --socket";
            case NOBODY -> "no portcullis answers on " + path() + ", the daemon that made it has ended; " + START;
            case DENIED ->
                "permission denied: " + path() + " is for root and the group portcullis; use sudo, or join the group"
                        + " (usermod -aG portcullis USER)";
            case SILENT ->
                "the daemon behind " + e.getMessage() + "; it is busy or hangs, see its log (journalctl -u portcullis)";
            case NOT_HTTP -> e.getMessage() + "; it is not portcullis, or it ended while it answered";
            case OTHER -> "no portcullis at " + e.getMessage();
        };
    }
}
