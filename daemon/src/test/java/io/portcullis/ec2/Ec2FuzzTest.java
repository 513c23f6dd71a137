package io.portcullis.ec2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.ec2.auth.AwsSigner;
import io.portcullis.ec2.auth.SignedRequest;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.http.Response;
import io.portcullis.testing.Mutations;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever a body or a header says, the answer is XML: that of an action, or an error that this program knows. Bodies are signed, so that
 * they get behind the check of signatures.
 */
@Tag("fuzz")
final class Ec2FuzzTest {
    private static final int INPUTS = 4_000;
    private static final Set<String> CODES =
            Stream.of(ApiError.values()).map(ApiError::code).collect(Collectors.toSet());

    @TempDir
    Path folder;

    private Endpoint endpoint;

    @BeforeEach
    void make() throws Exception {
        FakeActions actions = new FakeActions();
        Map<String, ActionHandler> handlers = actions.handlers();
        handlers.remove("DescribeRegions");
        var keys = FakeActions.keys(folder);
        endpoint = new Endpoint(Optional.empty(), () -> keys, handlers, () -> FakeActions.NOW, Runnable::run);
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void bodies(byte[] body) {
        check(body);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void mutations(long seed) {
        int[] answered = new int[1];
        Mutations.run(seed, INPUTS, seeds(), body -> answered[0] += check(body));
        assertTrue(answered[0] > INPUTS / 10, "the mutations break too much to test anything: " + answered[0]);
    }

    /** Heads of requests with any Authorization: never an answer of an action. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void authorizations(long seed) {
        SignedRequest signed = signed("Action=DescribeTags&Version=2016-11-15".getBytes(StandardCharsets.US_ASCII));
        String right = signed.headers().stream()
                .filter(header -> header.getKey().equals("Authorization"))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElseThrow();
        Mutations.run(seed, INPUTS, List.of(right.getBytes(StandardCharsets.US_ASCII)), changed -> {
            String header = new String(changed, StandardCharsets.ISO_8859_1);
            List<Map.Entry<String, String>> headers = new ArrayList<>();
            signed.headers()
                    .forEach(each -> headers.add(
                            each.getKey().equals("Authorization") ? Map.entry("Authorization", header) : each));
            Response response = endpoint.answer(new SignedRequest("POST", signed.target(), headers, signed.body()));
            boolean isSame = header.replaceAll("[ \t]", "").equals(right.replaceAll("[ \t]", ""));
            assertTrue(isSame || Set.of(400, 401, 403).contains(response.status()), response.status() + " " + header);
            assertNotNull(code(response));
        });
    }

    private static SignedRequest signed(byte[] body) {
        return new AwsSigner("AKIATEST", FakeActions.SECRET, "us-east-1", "ec2", FakeActions.NOW)
                .sign("POST", URI.create("http://127.0.0.1:9751/"), Map.of(), body);
    }

    /** 1: an action has answered. */
    private int check(byte[] body) {
        Response response = endpoint.answer(signed(body));
        String code = code(response);
        assertEquals(response.status() == 200, code.isEmpty(), code);
        assertTrue(code.isEmpty() || CODES.contains(code), code);
        assertTrue(response.status() == 200 || response.status() == 400 || response.status() == 412, code);
        return response.status() == 200 ? 1 : 0;
    }

    /** The code of an error; empty: it is none. */
    private static String code(Response response) {
        try {
            XMLStreamReader xml = XMLInputFactory.newDefaultFactory()
                    .createXMLStreamReader(new ByteArrayInputStream(response.body()));
            String code = "";
            while (xml.hasNext()) {
                if (xml.next() == XMLStreamReader.START_ELEMENT
                        && xml.getLocalName().equals("Code")) {
                    code = xml.getElementText();
                }
            }
            return code;
        } catch (XMLStreamException e) {
            throw new AssertionError(new String(response.body(), StandardCharsets.UTF_8), e);
        }
    }

    /** What would cost a reader quadratic time, or memory by a number that the sender chose. */
    @Test
    void hostileSizesAreRefusedOrRead() {
        String head = "Action=DescribeSecurityGroups&Version=2016-11-15&";
        List<String> bodies = List.of(
                "&".repeat(1 << 20),
                "a".repeat(1 << 20),
                "%41".repeat(349_525),
                "=".repeat(1 << 20),
                head + "Filter.1".repeat(100_000),
                head + "Filter.999999.Name=a&Filter.9999999.Value.9999999=b",
                head + "GroupId.1=" + "%F0%9F%98%80".repeat(10_000),
                head
                        + Stream.iterate(1, i -> i + 1)
                                .limit(19_998)
                                .map(i -> "Filter." + (i % 7 + 1) + ".Value." + (20_000 - i) + "=*")
                                .collect(Collectors.joining("&")),
                head
                        + Stream.iterate(1, i -> i + 1)
                                .limit(100_000)
                                .map(i -> "GroupId." + i + "=")
                                .collect(Collectors.joining("&")));
        for (String body : bodies) {
            check(Arrays.copyOf(body.getBytes(StandardCharsets.US_ASCII), Math.min(body.length(), 1 << 20)));
        }
    }

    static List<byte[]> seeds() {
        try (InputStream in = Ec2FuzzTest.class.getResourceAsStream("/ec2-requests.txt")) {
            assertNotNull(in);
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.startsWith("Action="))
                    .map(line -> Stream.of(line.split("&(?=[A-Z][A-Za-z0-9.]*=)"))
                                    .map(part -> part.substring(0, part.indexOf('=') + 1)
                                            + URLEncoder.encode(
                                                    part.substring(part.indexOf('=') + 1), StandardCharsets.UTF_8))
                                    .collect(Collectors.joining("&"))
                            + "&Version=2016-11-15")
                    .map(body -> body.getBytes(StandardCharsets.US_ASCII))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
