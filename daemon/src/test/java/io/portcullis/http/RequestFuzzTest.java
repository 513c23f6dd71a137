package io.portcullis.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.portcullis.control.ControlServer;
import io.portcullis.control.FakeDaemon;
import io.portcullis.testing.Mutations;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Any bytes on a connection to the metrics or the control server are requests or a refusal, the same ones however the bytes are
 * cut, and each is answered. An input is a byte, the number of bytes between two cuts, and the bytes on the connection.
 */
@Tag("fuzz")
final class RequestFuzzTest {
    private static final int INPUTS = 4_000;
    private static final int SERVER_ERROR = 500;
    private static final int MOST_BYTES = 20;

    private final Routes routes = new Routes(
            new HostNames("fw.example.org"),
            new Routes.Resource("GET", "/metrics", _ -> CompletableFuture.completedFuture(Response.error(404, "none"))),
            new Routes.Resource(
                    "GET",
                    "/v1/explain",
                    request -> CompletableFuture.completedFuture(ControlServer.explain(new FakeDaemon(), request))),
            new Routes.Resource(
                    "POST",
                    "/v1/apply",
                    MOST_BYTES,
                    request -> CompletableFuture.completedFuture(
                            Response.text(200, request.body().length() + " bytes"))));

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void requests(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void mutations(long seed) {
        int[] requests = new int[1];
        Mutations.run(seed, INPUTS, seeds(), input -> requests[0] += check(input));
        assertTrue(requests[0] > INPUTS / 10, "the mutations break too much to test anything: " + requests[0]);
    }

    /** How many requests there were that are no refusals. */
    private int check(byte[] input) {
        if (input.length == 0) {
            return 0;
        }
        byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
        List<Request> whole = read(bytes, bytes.length + 1);
        List<Request> cut = read(bytes, Byte.toUnsignedInt(input[0]) + 1);
        assertEquals(whole.size(), cut.size(), "requests, cut and whole");
        int good = 0;
        for (int i = 0; i < whole.size(); i++) {
            Request request = whole.get(i);
            assertEquals(text(request), text(cut.get(i)), "cut and whole");
            good += request.refusal() == null ? 1 : 0;
            assertTrue(request.body().length() <= MOST_BYTES, "a body beyond the resource's limit");
            assertTrue(
                    request.body().length() == 0 || request.path().equals("/v1/apply"),
                    "a body for a resource that takes none");
            assertFalse(request.refusal() != null && i < whole.size() - 1, "a refusal is the last request");
            int status = routes.answer(request).join().status();
            assertNotEquals(SERVER_ERROR, status, text(request));
        }
        return good;
    }

    private static String text(Request request) {
        Response refusal = request.refusal();
        return refusal == null
                ? request + new String(request.body().bytes(), StandardCharsets.ISO_8859_1)
                : refusal.status() + new String(refusal.body(), StandardCharsets.UTF_8);
    }

    private List<Request> read(byte[] bytes, int piece) {
        EmbeddedChannel connection = new EmbeddedChannel(
                HttpServer.codec(HttpServer.MAX_LINE_LENGTH),
                new RequestReader(routes, new BodyMemory(), null, HttpServer.MAX_LINE_LENGTH));
        List<Request> requests = new ArrayList<>();
        try {
            for (int from = 0; from < bytes.length; from += piece) {
                connection.writeInbound(Unpooled.copiedBuffer(bytes, from, Math.min(piece, bytes.length - from)));
            }
        } finally {
            for (Object read = connection.readInbound(); read != null; read = connection.readInbound()) {
                requests.add((Request) read);
            }
            connection.finishAndReleaseAll();
        }
        return requests;
    }

    static List<byte[]> seeds() {
        String host = "Host: localhost\r\n";
        return Stream.of(
                        "GET /metrics HTTP/1.1\r\n" + host + "\r\n",
                        "GET /metrics?name[]=a&b=%41+c HTTP/1.1\r\n" + host + "Accept: text/plain;q=0.5\r\n\r\n",
                        "HEAD /metrics HTTP/1.0\r\n\r\n",
                        "GET /v1/explain?interface=web0&direction=ingress&protocol=6&from=1.2.3.4&to=::1&to-port=80"
                                + " HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\n{}GET /metrics HTTP/1.1\r\n" + host
                                + "\r\n",
                        "POST /v1/explain HTTP/1.1\r\n" + host
                                + "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n",
                        "POST /v1/apply?a=b HTTP/1.1\r\n" + host
                                + "Content-Length: 20\r\n\r\n0123456789\u0000\u00ff\r\n\r\nGET "
                                + "POST /v1/apply HTTP/1.1\r\n" + host + "Content-Length: 21\r\n\r\n",
                        "POST /v1/apply HTTP/1.1\r\n" + host
                                + "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"
                                + "GET /metrics HTTP/1.1\r\n" + host + "\r\n",
                        "GET /metrics HTTP/1.1\r\nHost: [::1]:9750\r\nExpect: 100-continue\r\n\r\n",
                        "GET /metrics HTTP/1.1\r\n" + host + "Content-Length: 99999\r\n\r\n",
                        "\r\n\r\nOPTIONS * HTTP/1.1\n" + host + "Connection: close\r\n\r\n",
                        "GET http://fw.example.org/metrics HTTP/1.1\r\nHost: fw.example.org\r\n\r\n")
                .map(text -> ("\u0007" + text).getBytes(StandardCharsets.ISO_8859_1))
                .toList();
    }
}
