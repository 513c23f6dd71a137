package io.portcullis.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Text that is cut to a terminal. */
final class PageTest {
    private static final List<String> TABLE =
            IntStream.rangeClosed(1, 30).mapToObj(i -> "row " + i).toList();

    private static List<String> texts(List<Line> lines) {
        return lines.stream().map(Line::text).toList();
    }

    @Test
    void aLongTableSaysHowMuchIsNotShown() {
        List<String> page = texts(Page.of("Every 2s: portcullis status", TABLE, 80, 24));
        assertEquals(24, page.size());
        assertEquals("Every 2s: portcullis status", page.get(0));
        assertEquals("", page.get(1));
        assertEquals("row 1", page.get(2));
        assertEquals("row 21", page.get(22));
        assertEquals("… 9 more lines are not shown", page.get(23));
    }

    @Test
    void aTableThatFitsIsWhole() {
        List<String> page = texts(Page.of("header", TABLE.subList(0, 22), 80, 24));
        assertEquals(24, page.size());
        assertEquals("row 22", page.getLast());
    }

    @Test
    void everySizeOfATerminalIsFilledAndNotExceeded() {
        for (int columns : new int[] {1, 2, 10, 80}) {
            for (int rows = 1; rows < 40; rows++) {
                List<String> page = texts(Page.of("header", TABLE, columns, rows));
                assertTrue(page.size() <= rows, rows + " rows: " + page);
                assertTrue(page.stream().allMatch(line -> TextWidth.of(line) <= columns), columns + ": " + page);
            }
        }
    }

    @Test
    void wideCharactersTakeTwoColumns() {
        assertEquals(4, TextWidth.of("漢字"));
        assertEquals(1, TextWidth.of("e\u0301"), "a combining accent takes none");
        assertEquals("漢…", TextWidth.cut("漢字", 3));
        assertEquals("…", TextWidth.cut("漢字", 2));
        assertEquals("漢字", TextWidth.cut("漢字", 4));
        assertEquals("", TextWidth.cut("漢字", 0));
        assertEquals("漢字  ", TextWidth.fit("漢字", 6));
        assertEquals("a 12:00", TextWidth.edges("a", "12:00", 7));
        assertEquals("lo… 12:00", TextWidth.edges("long", "12:00", 9));
        assertEquals("lon", TextWidth.edges("lon", "12:00", 3));
    }

    @Test
    void aSentenceIsBrokenAtBlanks() {
        assertEquals(List.of("no daemon", "answers", "here"), TextWidth.wrap("no daemon answers here", 10));
        assertEquals(List.of("a", "word-that-is-longer"), TextWidth.wrap("a word-that-is-longer", 5));
    }
}
