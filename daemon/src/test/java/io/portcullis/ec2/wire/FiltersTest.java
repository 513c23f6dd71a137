package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FiltersTest {
    private static final Set<String> NAMES = Set.of("group-name", "vpc-id", Filters.TAG);
    private static final Map<String, List<String>> WEB = Map.of(
            "group-name",
            List.of("web"),
            "vpc-id",
            List.of("vpc-1"),
            "tag:env",
            List.of("prod"),
            "tag:Name",
            List.of());

    private static Filters filters(String form) throws ApiException {
        return Filters.of(ArgumentsTest.read("DescribeSecurityGroups", form), NAMES);
    }

    private static String refusal(String form) {
        ApiException refused = assertThrows(ApiException.class, () -> filters(form));
        return refused.error().code() + ": " + refused.getMessage();
    }

    private static boolean passes(String form) throws ApiException {
        return filters(form).pass(name -> WEB.getOrDefault(name, List.of()));
    }

    @Test
    void withoutFiltersEverythingPasses() throws ApiException {
        assertTrue(passes(""));
    }

    @Test
    void oneValueOfEachFilterMustMatch() throws ApiException {
        assertTrue(passes("Filter.1.Name=group-name&Filter.1.Value.1=db&Filter.1.Value.2=w*"));
        assertFalse(passes("Filter.1.Name=group-name&Filter.1.Value.1=db&Filter.1.Value.2=W*"));
        assertTrue(passes("Filter.1.Name=group-name&Filter.1.Value.1=web&Filter.2.Name=vpc-id&Filter.2.Value.1=vpc-?"));
        assertFalse(
                passes("Filter.1.Name=group-name&Filter.1.Value.1=web&Filter.2.Name=vpc-id&Filter.2.Value.1=vpc-2"));
        assertTrue(passes("Filter.1.Name=tag:env&Filter.1.Value.1=prod"));
        assertFalse(passes("Filter.1.Name=tag:Name&Filter.1.Value.1=*"));
    }

    @Test
    void whatIsNoFilterIsRefused() {
        assertEquals(
                "InvalidParameterValue: The filter 'Group-Name' is invalid",
                refusal("Filter.1.Name=Group-Name&Filter.1.Value.1=a"));
        assertEquals(
                "MissingParameter: The request must contain the parameter Filter.2.Name",
                refusal("Filter.2.Value.1=a"));
        assertEquals(
                "MissingParameter: The request must contain the parameter Filter.1.Value",
                refusal("Filter.1.Name=group-name"));
    }

    @Test
    void thereAreLimits() {
        String many = IntStream.rangeClosed(1, 51)
                .mapToObj(i -> "Filter." + i + ".Name=vpc-id&Filter." + i + ".Value.1=a")
                .collect(Collectors.joining("&"));
        assertEquals("FilterLimitExceeded: The request has more than 50 filters", refusal(many));
        String values = IntStream.rangeClosed(1, 201)
                .mapToObj(i -> "Filter.1.Value." + i + "=a")
                .collect(Collectors.joining("&"));
        assertEquals(
                "FilterLimitExceeded: The request has more than 200 values of filters",
                refusal("Filter.1.Name=vpc-id&" + values));
        assertTrue(refusal("Filter.1.Name=vpc-id&Filter.1.Value.1=" + "*".repeat(1_025))
                .endsWith("Expecting at most 1024 characters."));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | '' | true",
                "'' | a | false",
                "a | a | true",
                "a | A | false",
                "* | '' | true",
                "** | abc | true",
                "? | '' | false",
                "? | a | true",
                "a?c | abc | true",
                "a*c | abbbc | true",
                "a*c | abbb | false",
                "*a*a* | bab | false",
                "*a*a* | baba | true",
                "\\* | * | true",
                "\\* | a | false",
                "\\? | ? | true",
                "\\\\ | \\ | true",
                "a\\ | a\\ | true",
                "\\*amazon\\?\\\\ | *amazon?\\ | true",
                "tag[1] | tag[1] | true",
            })
    void aWildcardMatches(String pattern, String text, boolean matches) {
        assertEquals(matches, new Wildcard(pattern).matches(text));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void aWildcardIsAsItsRegularExpression(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 3_000; i++) {
            String pattern = text(random, "ab*?\\");
            String text = text(random, "ab*?\\");
            StringBuilder regex = new StringBuilder();
            for (int at = 0; at < pattern.length(); at++) {
                char c = pattern.charAt(at);
                if (c == '\\' && at + 1 < pattern.length()) {
                    regex.append(Pattern.quote("" + pattern.charAt(++at)));
                } else {
                    regex.append(c == '*' ? ".*" : c == '?' ? "." : Pattern.quote("" + c));
                }
            }
            assertEquals(
                    text.matches(regex.toString()), new Wildcard(pattern).matches(text), pattern + " against " + text);
        }
    }

    private static String text(SplittableRandom random, String alphabet) {
        return IntStream.range(0, random.nextInt(9))
                .mapToObj(_ -> "" + alphabet.charAt(random.nextInt(alphabet.length())))
                .collect(Collectors.joining());
    }

    /** A pattern that costs a backtracking matcher 2^500 steps. */
    @Test
    void manyStarsAreNoAttack() {
        assertFalse(new Wildcard("*a".repeat(500) + "b").matches("a".repeat(100_000)));
    }
}
