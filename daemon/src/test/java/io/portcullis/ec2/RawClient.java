package io.portcullis.ec2;

import io.portcullis.ec2.auth.SignedRequest;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/** A connection on which a test sends any bytes, and reads answers one after the other. */
public final class RawClient implements AutoCloseable {
    /**
     * An answer.
     *
     * @param headers by their names in small letters
     */
    public record Answer(int status, Map<String, String> headers, String body) {
        String requestId() {
            return headers.getOrDefault("x-amzn-requestid", "");
        }
    }

    private final Socket socket;
    private final InputStream in;

    public RawClient(InetSocketAddress server) throws IOException {
        socket = new Socket(server.getAddress(), server.getPort());
        socket.setSoTimeout(60_000);
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /** A signed request as it is sent, without its body. */
    static String head(SignedRequest request, String... headers) {
        StringBuilder head = new StringBuilder(request.method() + " " + request.target() + " HTTP/1.1\r\n");
        request.headers()
                .forEach(header ->
                        head.append(header.getKey() + ": " + header.getValue()).append("\r\n"));
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        return head.append("\r\n").toString();
    }

    /** A signed request as it is sent, with its body. */
    public static String whole(SignedRequest request) {
        return head(request, "Content-Length: " + request.body().length)
                + new String(request.body(), StandardCharsets.ISO_8859_1);
    }

    /** Waits for an answer that long at most, in milliseconds. */
    void patience(int most) throws IOException {
        socket.setSoTimeout(most);
    }

    public void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The next answer. */
    public Answer answer() throws IOException {
        return answer("GET");
    }

    /** The next answer, which has no body if it answers {@code HEAD}; 100 has none either. */
    Answer answer(String method) throws IOException {
        int status = Integer.parseInt(line().substring("HTTP/1.1 ".length()).substring(0, 3));
        Map<String, String> headers = new HashMap<>();
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(": ");
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 2));
        }
        int length = method.equals("HEAD") ? 0 : Integer.parseInt(headers.getOrDefault("content-length", "0"));
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("a cut body");
        }
        return new Answer(status, headers, new String(body, StandardCharsets.UTF_8));
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException("the end: " + line);
            }
            line.append((char) c);
        }
        return line.toString().strip();
    }

    /** True: the server has closed the connection; waits for it. */
    boolean isCut() throws IOException {
        try {
            return in.read() < 0;
        } catch (SocketException reset) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
