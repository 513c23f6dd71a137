package io.portcullis.ec2.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PagesTest {
    private static final Action GROUPS =
            ActionTable.find(Service.EC2, "DescribeSecurityGroups").orElseThrow();
    private static final Action RULES =
            ActionTable.find(Service.EC2, "DescribeSecurityGroupRules").orElseThrow();
    private static final List<String> ITEMS =
            IntStream.range(0, 23).mapToObj(i -> String.format("sg-%02d", i)).toList();

    private final Pages pages = new Pages();

    private Pages.Page<String> page(Action action, String form, List<String> items) throws ApiException {
        return pages.page(action, action.read(FormTest.form(form)), items, Function.identity());
    }

    private static void assertInvalid(Pages from, Action action, String token) {
        ApiException refused = assertThrows(
                ApiException.class,
                () -> from.page(
                        action,
                        action.read(FormTest.form("NextToken=" + FormTest.encoded(token))),
                        ITEMS,
                        Function.identity()),
                token);
        assertEquals(ApiError.INVALID_TOKEN, refused.error());
        assertTrue(
                refused.getMessage().endsWith(") for parameter NextToken is invalid. The token is invalid."),
                refused.getMessage());
    }

    @Test
    void withoutALimitAllItemsAreOnePage() throws ApiException {
        Pages.Page<String> all = page(GROUPS, "", ITEMS);
        assertEquals(ITEMS, all.items());
        assertEquals(Optional.empty(), all.next());
    }

    @Test
    void thePagesTogetherAreAllItems() throws ApiException {
        List<String> read = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        Optional<String> next = Optional.of("");
        while (next.isPresent()) {
            String token = next.get().isEmpty() ? "" : "&NextToken=" + next.get();
            Pages.Page<String> page = page(GROUPS, "MaxResults=10" + token, ITEMS);
            read.addAll(page.items());
            sizes.add(page.items().size());
            next = page.next();
        }
        assertEquals(ITEMS, read);
        assertEquals(List.of(10, 10, 3), sizes);
    }

    @Test
    void aLastPageThatIsFullHasNoNext() throws ApiException {
        assertEquals(Optional.empty(), page(GROUPS, "MaxResults=23", ITEMS).next());
        assertTrue(page(GROUPS, "MaxResults=22", ITEMS).next().isPresent());
        assertEquals(Optional.empty(), page(GROUPS, "MaxResults=5", List.of()).next());
    }

    @Test
    void itemsThatComeOrGoAreNeitherRepeatedNorLeftOut() throws ApiException {
        String token = page(GROUPS, "MaxResults=10", ITEMS).next().orElseThrow();
        List<String> later = new ArrayList<>(ITEMS);
        later.remove("sg-09");
        later.remove("sg-10");
        later.add(0, "sg-000");
        later.add("sg-99");
        List<String> expected = new ArrayList<>(ITEMS.subList(11, 23));
        expected.add("sg-99");
        assertEquals(expected, page(GROUPS, "NextToken=" + token, later).items());
        assertEquals(List.of(), page(GROUPS, "NextToken=" + token, List.of()).items());
    }

    @Test
    void aTokenOfAnotherActionOrProcessIsRefused() throws ApiException {
        String token = page(GROUPS, "MaxResults=10", ITEMS).next().orElseThrow();
        assertInvalid(pages, RULES, token);
        assertInvalid(new Pages(), GROUPS, token);
    }

    @Test
    void aTokenThatIsChangedAnywhereIsRefused() throws ApiException {
        String token = page(GROUPS, "MaxResults=10", ITEMS).next().orElseThrow();
        for (int i = 0; i < token.length(); i++) {
            char other = token.charAt(i) == 'A' ? 'Q' : 'A';
            assertInvalid(pages, GROUPS, token.substring(0, i) + other + token.substring(i + 1));
            assertInvalid(pages, GROUPS, token.substring(0, i));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "AAAA", "*", "sg-05", "====", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "ä"})
    void whatIsNoTokenIsRefused(String token) {
        assertInvalid(pages, GROUPS, token);
    }

    /** DescribeTags has no bounds for MaxResults. */
    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, Integer.MAX_VALUE})
    void anyNumberOfResultsMakesProgress(int most) throws ApiException {
        Action tags = ActionTable.find(Service.EC2, "DescribeTags").orElseThrow();
        Pages.Page<String> page = page(tags, "MaxResults=" + most, ITEMS);
        assertEquals(most > 0 ? 23 : 1, page.items().size());
        String token = page.next().map(next -> "&NextToken=" + next).orElse("");
        page(tags, "MaxResults=" + most + token, ITEMS);
    }
}
