package io.portcullis.ec2.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Signatures that are known, from the public suite; its service is called {@code service}. */
final class SignatureSuiteTest {
    private static final AccessKey KEY =
            new AccessKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", false);
    private static final Instant THEN = Instant.parse("2015-08-30T12:36:00Z");

    private record Case(String name, SignedRequest request) {}

    private static List<Case> cases() throws IOException {
        String all;
        try (InputStream in = SignatureSuiteTest.class.getResourceAsStream("/signature-cases.txt")) {
            // One character for each byte, as the server's decoder has it.
            all = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.ISO_8859_1);
        }
        List<Case> cases = new ArrayList<>();
        String[] blocks = all.split("(?m)^\\[");
        for (int i = 1; i < blocks.length; i++) {
            int end = blocks[i].indexOf("]\n");
            cases.add(new Case(blocks[i].substring(0, end), request(blocks[i].substring(end + 2))));
        }
        return cases;
    }

    private static SignedRequest request(String text) {
        int headEnd = text.indexOf("\n\n");
        // A header may go on in the next line; Netty joins them with a blank.
        String[] lines = text.substring(0, headEnd).replaceAll("\n[ \t]+", " ").split("\n");
        String method = lines[0].substring(0, lines[0].indexOf(' '));
        String target = lines[0].substring(lines[0].indexOf(' ') + 1, lines[0].lastIndexOf(' '));
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            headers.add(Map.entry(lines[i].substring(0, colon), lines[i].substring(colon + 1)));
        }
        String body = text.substring(headEnd + 2).strip();
        return new SignedRequest(method, target, headers, body.getBytes(StandardCharsets.ISO_8859_1));
    }

    @TestFactory
    Stream<DynamicTest> aKnownSignatureIsComputed() throws IOException {
        return cases().stream()
                .map(each -> DynamicTest.dynamicTest(each.name, () -> {
                    Authorization authorization = Authorization.of(each.request);
                    String canonical = CanonicalRequest.of(
                                    each.request,
                                    authorization.signedHeaders(),
                                    SignatureCheck.hash(each.request.body()))
                            .orElseThrow();
                    String text = SignatureCheck.stringToSign(authorization, "20150830T123600Z", canonical);
                    assertEquals(
                            authorization.signature(),
                            HexFormat.of().formatHex(KEY.sign(authorization, text)),
                            canonical);
                }));
    }

    /** A right signature, for a service that is not here: so much for what comes first. */
    @TestFactory
    Stream<DynamicTest> aKnownRequestIsRefusedForItsServiceOnly() throws IOException {
        SignatureCheck check = new SignatureCheck(Optional.of("us-east-1"));
        Credentials keys = new Credentials(List.of(KEY));
        return cases().stream()
                .map(each -> DynamicTest.dynamicTest(each.name, () -> {
                    ApiException refused =
                            assertThrows(ApiException.class, () -> check.check(each.request, keys, THEN));
                    assertEquals(ApiError.WRONG_SCOPE, refused.error());
                    assertEquals(
                            "Credential should be scoped to the service ec2 or sts, not 'service'.",
                            refused.getMessage());
                }));
    }

    @Test
    void thereAreThirtyOneCases() throws IOException {
        assertEquals(31, cases().size());
        assertTrue(cases().stream().anyMatch(each -> each.request.body().length > 0));
    }
}
