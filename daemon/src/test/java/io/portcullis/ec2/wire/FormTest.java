package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FormTest {
    static Form form(String body) throws ApiException {
        return Form.parse("", body.getBytes(StandardCharsets.UTF_8));
    }

    static ApiException refusal(String body) {
        return assertThrows(ApiException.class, () -> form(body));
    }

    @Test
    void aFormIsDecoded() throws ApiException {
        assertEquals(
                Map.of("a", "b c", "d.1.e", "f=g", "h", "", "ä", "€&+", "j", "", "", "k"),
                form("a=b+c&d.1.e=f=g&h=&%C3%a4=%E2%82%AC%26%2B&&j&=k&").parameters());
    }

    @Test
    void queryAndBodyAreOneForm() throws ApiException {
        Form form = Form.parse("a=%C3%A4&b=1", "c=2".getBytes(StandardCharsets.US_ASCII));
        assertEquals(List.of("a", "b", "c"), List.copyOf(form.parameters().keySet()));
        assertEquals("ä", form.value("a").orElseThrow());
        ApiException refused =
                assertThrows(ApiException.class, () -> Form.parse("a=1", "a=1".getBytes(StandardCharsets.US_ASCII)));
        assertEquals("The parameter a appears more than once", refused.getMessage());
    }

    @Test
    void nothingIsAFormWithoutParameters() throws ApiException {
        assertEquals(Map.of(), Form.parse("", new byte[0]).parameters());
    }

    @ParameterizedTest
    @CsvSource({
        "a=%, a % without two hexadecimal digits",
        "a=%4, a % without two hexadecimal digits",
        "a=%4&b=5, a % without two hexadecimal digits",
        "a=%4g, a % without two hexadecimal digits",
        "a=%-1, a % without two hexadecimal digits",
        "%zz=a, a % without two hexadecimal digits",
        "a=%ff, not UTF-8",
        "a=%C3, not UTF-8",
        "a=%ED%A0%80, not UTF-8",
        "a=%C0%80, not UTF-8",
    })
    void whatIsNotEncodedRightIsRefused(String body, String why) {
        ApiException refused = refusal(body);
        assertEquals("The query string contains a syntax error: " + why, refused.getMessage());
        assertEquals("MalformedQueryString", refused.error().code());
        assertEquals(400, refused.error().status());
    }

    @Test
    void aParameterComesOnce() {
        assertEquals(
                "The parameter a appears more than once",
                refusal("a=1&b=2&%61=1").getMessage());
    }

    @Test
    void theLimitsAreThoseThatAreSaid() throws ApiException {
        String most = IntStream.range(0, Form.MOST_PARAMETERS)
                .mapToObj(i -> "a" + i + "=")
                .collect(Collectors.joining("&"));
        assertEquals(Form.MOST_PARAMETERS, form(most).parameters().size());
        assertEquals(
                "A request may have 20000 parameters, this one has more",
                refusal(most + "&b").getMessage());
        form("n".repeat(Form.LONGEST_NAME) + "=1");
        assertEquals(
                "The name of a parameter may have 256 bytes",
                refusal("n".repeat(257) + "=1").getMessage());
        form("a=" + "v".repeat(Form.LONGEST_VALUE));
        assertEquals(
                "The value of a has more than 131072 bytes",
                refusal("a=" + "v".repeat(Form.LONGEST_VALUE + 1)).getMessage());
    }

    @Test
    void aFormShowsNoValues() throws ApiException {
        assertFalse(form("a=secret").toString().contains("secret"));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void whatAnEncoderWroteIsRead(long seed) throws ApiException {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 300; i++) {
            Map<String, String> written = new LinkedHashMap<>();
            for (int n = random.nextInt(8); n > 0; n--) {
                written.put(text(random), text(random));
            }
            String body = written.entrySet().stream()
                    .map(each -> encoded(each.getKey()) + "=" + encoded(each.getValue()))
                    .collect(Collectors.joining("&"));
            assertEquals(written, form(body).parameters(), "seed " + seed + ": " + body);
        }
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String text(SplittableRandom random) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(1, 8); n > 0; n--) {
            int c = random.nextInt(4) == 0 ? random.nextInt(0x1_0ffff) : random.nextInt(0x7f);
            text.appendCodePoint(Character.isBmpCodePoint(c) && Character.isSurrogate((char) c) ? 'x' : c);
        }
        return text.toString();
    }
}
