package io.portcullis.ec2.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Service;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SignatureCheckTest {
    private static final Instant NOW = Instant.parse("2026-11-30T23:59:59Z");
    private static final String SECRET = "0123456789abcdef/+0123456789ABCDEF012345";
    private static final AccessKey KEY = new AccessKey("AKIATEST", SECRET, false);
    private static final Credentials KEYS =
            new Credentials(List.of(new AccessKey("AKIAOTHER", SECRET.toUpperCase(Locale.ROOT), true), KEY));
    private static final AwsSigner AWS = new AwsSigner("AKIATEST", SECRET, "us-east-1", "ec2", NOW);
    private static final URI HERE = URI.create("http://127.0.0.1:9751/");
    private static final byte[] BODY = "Action=DescribeTags&Version=2016-11-15".getBytes(StandardCharsets.US_ASCII);
    private static final Map<String, List<String>> FORM =
            Map.of("Content-Type", List.of("application/x-www-form-urlencoded; charset=utf-8"));

    private final SignatureCheck check = new SignatureCheck(Optional.empty());

    /** Signed as botocore does: no hash of the body among the headers. */
    private static SignedRequest botocore(String scope, List<String> signedHeaders, Map<String, String> headers) {
        List<Map.Entry<String, String>> all = new ArrayList<>(headers.entrySet());
        SignedRequest unsigned = new SignedRequest("POST", "/", all, BODY);
        String[] parts = scope.split("/");
        Authorization authorization =
                new Authorization("AKIATEST", parts[0], parts[1], parts[2], signedHeaders, "0".repeat(64));
        String canonical = CanonicalRequest.of(unsigned, signedHeaders, SignatureCheck.hash(BODY))
                .orElse("");
        String text = SignatureCheck.stringToSign(authorization, headers.getOrDefault("X-Amz-Date", ""), canonical);
        all.add(Map.entry(
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/" + authorization.scope() + ", SignedHeaders="
                        + String.join(";", signedHeaders) + ", Signature="
                        + HexFormat.of().formatHex(KEY.sign(authorization, text))));
        return new SignedRequest("POST", "/", all, BODY);
    }

    private static SignedRequest botocore() {
        return botocore("20261130/eu-north-1/ec2", List.of("host", "x-amz-date"), HEADERS);
    }

    private static final Map<String, String> HEADERS =
            Map.of("Host", "127.0.0.1:9751", "X-Amz-Date", "20261130T235959Z");

    private static SignedRequest with(SignedRequest request, String name, String value) {
        List<Map.Entry<String, String>> headers = new ArrayList<>();
        request.headers().stream()
                .filter(header -> !header.getKey().equalsIgnoreCase(name))
                .forEach(headers::add);
        headers.add(Map.entry(name, value));
        return new SignedRequest(request.method(), request.target(), headers, request.body());
    }

    private ApiException refusal(SignedRequest request) {
        return assertThrows(ApiException.class, () -> check.check(request, KEYS, NOW), request::toString);
    }

    private void assertRefused(ApiError error, SignedRequest request) {
        assertEquals(error, refusal(request).error(), () -> refusal(request).getMessage());
    }

    @Test
    void aRequestThatAmazonsSdkSignedIsAccepted() throws ApiException {
        Caller caller = check.check(AWS.sign("POST", HERE, FORM, BODY), KEYS, NOW);
        assertSame(KEY, caller.key());
        assertEquals(Service.EC2, caller.service());
    }

    @Test
    void aRequestWithoutAHeaderForTheBodysHashIsAccepted() throws ApiException {
        assertSame(KEY, check.check(botocore(), KEYS, NOW).key());
    }

    @Test
    void stsIsAServiceToo() throws ApiException {
        SignedRequest request =
                new AwsSigner("AKIATEST", SECRET, "us-east-1", "sts", NOW).sign("POST", HERE, FORM, BODY);
        assertEquals(Service.STS, check.check(request, KEYS, NOW).service());
        assertEquals(Service.STS, SignatureCheck.claimed(request));
        assertEquals(Service.EC2, SignatureCheck.claimed(botocore()));
    }

    @Test
    void aScopeForAnotherServiceIsRefused() {
        assertRefused(
                ApiError.WRONG_SCOPE,
                new AwsSigner("AKIATEST", SECRET, "us-east-1", "s3", NOW).sign("POST", HERE, FORM, BODY));
    }

    @Test
    void anotherRegionIsRefusedWhereOneIsConfigured() throws ApiException {
        SignedRequest request = AWS.sign("POST", HERE, FORM, BODY);
        new SignatureCheck(Optional.of("us-east-1")).check(request, KEYS, NOW);
        ApiException refused = assertThrows(
                ApiException.class, () -> new SignatureCheck(Optional.of("eu-north-1")).check(request, KEYS, NOW));
        assertEquals("Credential should be scoped to the region eu-north-1, not 'us-east-1'.", refused.getMessage());
        assertEquals("AuthFailure", refused.error().code());
    }

    @Test
    void aWrongSecretAndAnUnknownKeyGetTheSameAnswer() {
        AwsSigner wrong = new AwsSigner("AKIATEST", SECRET + "x", "us-east-1", "ec2", NOW);
        AwsSigner unknown = new AwsSigner("AKIANOBODY", SECRET, "us-east-1", "ec2", NOW);
        AwsSigner other = new AwsSigner("AKIAOTHER", SECRET, "us-east-1", "ec2", NOW);
        for (AwsSigner each : List.of(wrong, unknown, other)) {
            ApiException refused = refusal(each.sign("POST", HERE, FORM, BODY));
            assertEquals(ApiError.AUTH_FAILURE, refused.error());
            assertEquals("AWS was not able to validate the provided access credentials", refused.getMessage());
            assertEquals(401, refused.error().status());
        }
    }

    @Test
    void theStandInForUnknownKeysIsNoKey() {
        assertTrue(KEYS.find(KEYS.nobody().id()).isEmpty());
        assertFalse(KEYS.nobody().isSame(Credentials.NONE.nobody()), "the secret is random");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "Basic dXNlcjpzZWNyZXQ=", "Bearer AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256 Credential=a"})
    void aRequestWithoutSuchASignatureIsRefused(String header) {
        SignedRequest request = with(botocore(), "Authorization", header);
        assertRefused(ApiError.MISSING_AUTHENTICATION_TOKEN, request);
        assertRefused(
                ApiError.MISSING_AUTHENTICATION_TOKEN,
                new SignedRequest("POST", "/", List.copyOf(HEADERS.entrySet()), BODY));
        assertEquals(403, refusal(request).error().status());
    }

    /** The signature in the query ("presigned URL") is another form. */
    @Test
    void aSignatureInTheQueryIsNone() {
        assertRefused(
                ApiError.MISSING_AUTHENTICATION_TOKEN,
                new SignedRequest(
                        "GET",
                        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIATEST%2F20261130%2Fa%2Fec2%2Faws4_request",
                        List.copyOf(HEADERS.entrySet()),
                        new byte[0]));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "AWS4-HMAC-SHA256 x",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=host;x-amz-date",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2, SignedHeaders=host;x-amz-date, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/2026113/a/ec2/aws4_request, SignedHeaders=host, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws3_request, SignedHeaders=host, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=Host, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=host;, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=host;host, Signature=S",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=host, Signature=0a",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=host, Signature=S,",
                "AWS4-HMAC-SHA256 Credential=AKIATEST/20261130/a/ec2/aws4_request, SignedHeaders=host, Signature=S, Other=1",
                "AWS4-HMAC-SHA256 Signature=S, Credential=AKIATEST/20261130/a/ec2/aws4_request, Signature=S",
            })
    void aMalformedHeaderIsRefused(String header) {
        assertRefused(
                ApiError.INCOMPLETE_SIGNATURE,
                with(botocore(), "Authorization", header.replace("=S", "=" + "0".repeat(64))));
    }

    @Test
    void twoAuthorizationHeadersAreRefused() {
        SignedRequest request = botocore();
        List<Map.Entry<String, String>> headers = new ArrayList<>(request.headers());
        headers.add(headers.getLast());
        assertRefused(ApiError.INCOMPLETE_SIGNATURE, new SignedRequest("POST", "/", headers, BODY));
    }

    @Test
    void theHostMustBeSigned() {
        assertRefused(ApiError.AUTH_FAILURE, botocore("20261130/eu-north-1/ec2", List.of("x-amz-date"), HEADERS));
    }

    @Test
    void theDateMustBeSigned() {
        assertRefused(ApiError.AUTH_FAILURE, botocore("20261130/eu-north-1/ec2", List.of("host"), HEADERS));
    }

    @Test
    void aSignedHeaderMustBeThere() {
        assertRefused(
                ApiError.AUTH_FAILURE,
                botocore("20261130/eu-north-1/ec2", List.of("host", "x-amz-date", "x-other"), HEADERS));
        assertRefused(
                ApiError.AUTH_FAILURE,
                botocore("20261130/eu-north-1/ec2", List.of("host", "x-amz-date"), Map.of("Host", "a")));
    }

    @Test
    void theScopesDayIsTheDatesDay() {
        assertRefused(
                ApiError.AUTH_FAILURE, botocore("20261129/eu-north-1/ec2", List.of("host", "x-amz-date"), HEADERS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"20261130", "20261130T2359Z", "20261130T235959+0000", "20261130T246060Z", "20261130T235959Zx"})
    void aDateInAnotherFormIsRefused(String date) {
        assertRefused(
                ApiError.AUTH_FAILURE,
                botocore(
                        "20261130/eu-north-1/ec2",
                        List.of("host", "x-amz-date"),
                        Map.of("Host", "127.0.0.1:9751", "X-Amz-Date", date)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "UNSIGNED-PAYLOAD",
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                ""
            })
    void aBodyThatIsNotSignedIsRefused(String hash) {
        assertRefused(ApiError.AUTH_FAILURE, with(botocore(), "x-amz-content-sha256", hash));
        assertRefused(
                ApiError.AUTH_FAILURE,
                botocore(
                        "20261130/eu-north-1/ec2",
                        List.of("host", "x-amz-content-sha256", "x-amz-date"),
                        Map.of(
                                "Host",
                                "127.0.0.1:9751",
                                "X-Amz-Date",
                                "20261130T235959Z",
                                "X-Amz-Content-Sha256",
                                hash)));
    }

    @ParameterizedTest
    @CsvSource({"-900, true", "900, true", "-901, false", "901, false", "-86400, false", "31536000, false"})
    void aRequestIsValidForFifteenMinutesBeforeAndAfterItsTime(long seconds, boolean isValid) throws ApiException {
        SignedRequest request = AWS.sign("POST", HERE, FORM, BODY);
        Instant later = NOW.plus(Duration.ofSeconds(seconds));
        if (isValid) {
            check.check(request, KEYS, later);
        } else {
            ApiException refused = assertThrows(ApiException.class, () -> check.check(request, KEYS, later));
            assertEquals(seconds > 0 ? ApiError.REQUEST_EXPIRED : ApiError.AUTH_FAILURE, refused.error());
        }
    }

    @Test
    void aWrongSignatureIsRefusedBeforeTheClockIsAsked() {
        SignedRequest request =
                new AwsSigner("AKIATEST", SECRET + "x", "us-east-1", "ec2", NOW).sign("POST", HERE, FORM, BODY);
        ApiException refused =
                assertThrows(ApiException.class, () -> check.check(request, KEYS, NOW.plus(Duration.ofDays(1))));
        assertEquals(ApiError.AUTH_FAILURE, refused.error());
    }

    /** Every part that is signed: the method, each character of target and signed headers, each byte of the body. */
    @Test
    void aRequestThatIsChangedAnywhereIsRefused() throws ApiException {
        SignedRequest request = AWS.sign("POST", URI.create("http://127.0.0.1:9751/?a=b%20c"), FORM, BODY);
        check.check(request, KEYS, NOW);
        int changes = 0;
        refusal(new SignedRequest("GET", request.target(), request.headers(), request.body()));
        for (int i = 1; i < request.target().length(); i++) {
            String changed = changed(request.target(), i);
            refusal(new SignedRequest("POST", changed, request.headers(), request.body()));
            changes++;
        }
        for (Map.Entry<String, String> header : request.headers()) {
            for (int i = 0; i < header.getValue().length(); i++) {
                String changed = changed(header.getValue(), i);
                // A blank more is no change: "inner blanks are folded", and those around a part of Authorization are
                // none.
                if (!changed.replace(" ", "").equals(header.getValue().replace(" ", ""))) {
                    refusal(with(request, header.getKey(), changed));
                    changes++;
                }
            }
        }
        for (int i = 0; i < BODY.length; i++) {
            byte[] changed = BODY.clone();
            changed[i] ^= 1;
            refusal(new SignedRequest("POST", request.target(), request.headers(), changed));
        }
        assertTrue(changes > 300, changes + " changes");
    }

    private static String changed(String text, int at) {
        return text.substring(0, at) + (char) (text.charAt(at) ^ 1) + text.substring(at + 1);
    }

    /** More than a server lets through, in time and stack that do not grow out of bounds. */
    @Test
    void manySignedHeadersAreAccepted() throws ApiException {
        List<String> names = new ArrayList<>(List.of("host", "x-amz-date"));
        Map<String, String> headers = new HashMap<>(HEADERS);
        for (int i = 0; i < 20_000; i++) {
            names.add("h" + i);
            headers.put("h" + i, "v");
        }
        assertSame(
                KEY,
                check.check(botocore("20261130/eu-north-1/ec2", names, headers), KEYS, NOW)
                        .key());
    }

    /** Random methods, queries, headers and bodies, signed by Amazon's SDK. */
    @Tag("property")
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverAmazonsSdkSignsIsAccepted(long seed) throws ApiException {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 500; i++) {
            boolean isGet = random.nextInt(4) == 0;
            URI uri = URI.create("http://" + host(random) + "/" + query(random));
            byte[] body = new byte[isGet ? 0 : random.nextInt(3_000)];
            random.nextBytes(body);
            AwsSigner signer = new AwsSigner(
                    "AKIATEST",
                    SECRET,
                    random.nextBoolean() ? "us-east-1" : "ap-southeast-" + random.nextInt(9),
                    random.nextBoolean() ? "ec2" : "sts",
                    NOW.plusSeconds(random.nextInt(-900, 901)));
            SignedRequest request = signer.sign(isGet ? "GET" : "POST", uri, headers(random), body);
            String shown = "seed " + seed + ", request " + i + ": " + request + " " + request.headers();
            try {
                assertSame(KEY, check.check(request, KEYS, NOW).key(), shown);
            } catch (ApiException refused) {
                throw new AssertionError(shown, refused);
            }
            if (body.length > 0) {
                body[random.nextInt(body.length)] ^= (byte) (1 << random.nextInt(8));
                refusal(request);
            }
        }
    }

    private static String host(SplittableRandom random) {
        return List.of("127.0.0.1:9751", "fw.example.org", "[::1]:9751", "localhost:80")
                .get(random.nextInt(4));
    }

    private static Map<String, List<String>> headers(SplittableRandom random) {
        Map<String, List<String>> headers = new HashMap<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            List<String> values = new ArrayList<>();
            for (int n = random.nextInt(1, 3); n > 0; n--) {
                values.add(List.of("a", " b  c ", "\"x   y\"", "1,2", "a=b;c").get(random.nextInt(5)));
            }
            headers.put(
                    List.of("My-Header", "x-amz-meta", "accept", "Content-Type", "b")
                            .get(i),
                    values);
        }
        return headers;
    }

    private static String query(SplittableRandom random) {
        StringBuilder query = new StringBuilder();
        for (int i = random.nextInt(6); i > 0; i--) {
            query.append(query.isEmpty() ? '?' : '&')
                    .append(word(random))
                    .append('=')
                    .append(word(random));
        }
        return query.toString();
    }

    /** Encoded. */
    private static String word(SplittableRandom random) {
        StringBuilder word = new StringBuilder("k");
        for (int i = random.nextInt(8); i > 0; i--) {
            word.append(List.of("a", "Z", "0", "-", "_", "~", ".", "%20", "%2F", "%2B", "%C3%A4", "%25", "%3D", "%2A")
                    .get(random.nextInt(14)));
        }
        return word.toString();
    }
}
