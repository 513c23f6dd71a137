package io.portcullis.cli.top;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.cli.terminal.Key;
import io.portcullis.cli.terminal.Line;
import io.portcullis.cli.terminal.TextWidth;
import io.portcullis.operations.EmergencyStatus;
import io.portcullis.operations.InterfaceStatus;
import io.portcullis.operations.ReloadReport;
import io.portcullis.operations.StatusReport;
import io.portcullis.operations.traffic.DropsReport;
import io.portcullis.operations.traffic.DropsReport.DropView;
import io.portcullis.operations.traffic.DropsReport.NearestView;
import io.portcullis.operations.traffic.FlowsReport.Traffic;
import io.portcullis.operations.traffic.TalkersReport;
import io.portcullis.operations.traffic.TalkersReport.Talker;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The screen of top, without a terminal: answers and keys in, lines out. */
final class TopTest {
    private static final ZonedDateTime START = ZonedDateTime.of(2026, 1, 1, 12, 0, 0, 0, ZoneOffset.UTC);
    private static final Traffic NOTHING = new Traffic(0, 0, 0, 0);
    private static final String HOSTILE = "\u001b[2Jevil\u202e\n漢字漢字";

    private final Top top = new Top();

    private static InterfaceStatus web0(long packets, boolean enforcing, boolean forwarding) {
        return new InterfaceStatus(
                "web0",
                "bridge",
                "ring",
                1,
                "out0",
                "in0",
                forwarding ? InterfaceStatus.FORWARDING : "shut",
                forwarding,
                forwarding ? "" : "in0 is gone",
                enforcing,
                List.of("web"),
                "",
                packets / 10,
                1_000,
                Map.of("ingress", packets, "egress", 2 * packets),
                Map.of("ingress", packets / 2, "egress", 0L),
                Map.of("ingress", Map.of("no-rule", packets / 2), "egress", Map.of()),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of("ingress", 1_000 * packets, "egress", 100 * packets),
                Map.of("ingress", 64 * packets, "egress", 0L),
                packets / 5,
                "off");
    }

    private static StatusReport status(long pid, List<InterfaceStatus> interfaces) {
        return new StatusReport(
                "1.2.3",
                pid,
                "2026-01-01T09:00:00Z",
                "/etc/portcullis/portcullis.yaml",
                7,
                42,
                "",
                new ReloadReport(true, "2026-01-01T09:00:00Z", 1, List.of(), List.of()),
                interfaces,
                List.of(),
                List.of(),
                EmergencyStatus.NONE);
    }

    private static DropView drop(String source, int sourcePort, int port, String reason, long second, String text) {
        return new DropView(
                "web0",
                "ingress",
                START.plusSeconds(second).toInstant().toString(),
                START.plusSeconds(second).toInstant().toString(),
                START.plusSeconds(second).toEpochSecond() * 1_000_000_000,
                "drop",
                reason,
                3,
                180,
                "all",
                "tcp " + source + ":" + sourcePort + " → 10.0.5.10:" + port + " SYN",
                "tcp",
                source,
                sourcePort,
                "10.0.5.10",
                port,
                "SYN",
                "",
                new NearestView("web/ingress[1]", "a.yaml:1:1", text, "port " + port + " is outside 80"),
                "",
                60,
                "");
    }

    private static Snapshot snapshot(long second, StatusReport status, List<DropView> drops, List<Talker> talkers) {
        TalkersReport peers = new TalkersReport("", 1_000, "peer", 5, 5, 0, NOTHING, talkers);
        List<Talker> flows = talkers.stream()
                .map(each -> new Talker(
                        "web0", "tcp " + each.name() + ":50000 → 10.0.5.10:443", "", 1, each.total(), each.perSecond()))
                .toList();
        return new Snapshot(
                START.plusSeconds(second),
                second * 1_000_000_000,
                status,
                new DropsReport(drops, 0, 1, Map.of(), List.of()),
                peers,
                new TalkersReport("", 1_000, "flow", 5, 5, 0, NOTHING, flows));
    }

    private static List<Talker> talkers(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new Talker(
                        "",
                        "203.0.113." + i,
                        "",
                        1,
                        new Traffic(10, 10_000L * (count - i), 10, 10),
                        new Traffic(i, 1_000L * i, 1, 0)))
                .toList();
    }

    /** Two refreshes, a second apart. */
    private void begin() {
        List<DropView> drops = List.of(
                drop("203.0.113.9", 50_001, 8443, "no-rule", -3, "the site"),
                drop("203.0.113.9", 50_002, 8443, "no-rule", 1, "the site"),
                drop("198.51.100.4", 40_000, 22, "no-rule", 0, "the site"),
                drop("198.51.100.4", 40_000, 25, "tcp-no-syn", -1, "the site"));
        top.accept(snapshot(0, status(1, List.of(web0(1_000, true, true))), drops, talkers(30)));
        top.accept(snapshot(1, status(1, List.of(web0(1_500, true, true))), drops, talkers(30)));
    }

    private List<String> picture(int columns, int rows) {
        List<Line> lines = top.lines(columns, rows);
        assertEquals(rows, lines.size());
        List<String> texts = lines.stream().map(Line::text).toList();
        for (String text : texts) {
            assertTrue(TextWidth.of(text) <= columns, columns + " columns: " + text);
            assertTrue(text.codePoints().noneMatch(c -> c < ' ' || c == 0x7f || c == 0x202e), text);
        }
        return texts;
    }

    private String text(int columns, int rows) {
        return String.join("\n", picture(columns, rows));
    }

    private void press(String characters) {
        characters.codePoints().forEach(c -> assertTrue(top.press(Key.character(c))));
    }

    private void press(Key.Kind... kinds) {
        for (Key.Kind kind : kinds) {
            assertTrue(top.press(Key.of(kind)));
        }
    }

    @Test
    void theHeaderAndTheRatesAreTheDifferenceOfTwoRefreshes() {
        begin();
        List<String> lines = picture(80, 24);
        assertEquals("portcullis 1.2.3  up 3h  generation 7  change @42  pid 1                12:00:01", lines.get(0));
        assertEquals("web0 enforcing", lines.get(1));
        assertEquals("in 4.0 Mbit/s  out 400 kbit/s  drops 250/s  flows 150 of 1,000  +100 -50/s", lines.get(2));
        assertTrue(lines.get(3).startsWith("[1 Rates] 2 Talkers  3 Drops  4 Flows "), lines.get(3));
        assertEquals(
                List.of("IF", "DIR", "STATE", "PASSED", "PACKETS/S"),
                words(lines.get(4)).subList(0, 5));
        assertEquals(
                List.of("web0", "in", "enforcing", "4.0", "Mbit/s", "500", "250", "750", "no-rule", "750"),
                words(lines.get(5)));
        assertEquals(List.of("web0", "out", "enforcing", "400", "kbit/s", "1,000", "0", "0"), words(lines.get(6)));
        String all = String.join("\n", lines);
        assertTrue(all.contains("203.0.113.29 "), "talkers are below: " + all);
        assertTrue(all.contains("10.0.5.10:8443  web/ingre"), "drops too: " + all);
        assertTrue(all.contains("tcp 203.0.113.29:50000 → 10.0.5.10:443"), "and flows: " + all);
        assertTrue(lines.getLast().startsWith("q quit  Tab panel  / filter"), lines.getLast());
    }

    private static List<String> words(String line) {
        return List.of(line.strip().split(" +"));
    }

    @ParameterizedTest
    @CsvSource({"80,24", "120,40", "60,15", "40,8", "200,60"})
    void everyPanelFitsTheTerminal(int columns, int rows) {
        List<DropView> drops = List.of(drop(HOSTILE, 1, 2, HOSTILE, 1, HOSTILE));
        List<Talker> talkers = new ArrayList<>(talkers(100));
        talkers.add(new Talker(HOSTILE, HOSTILE, HOSTILE, 1, NOTHING, NOTHING));
        assertTrue(text(columns, rows).contains("asking the daemon"));
        top.accept(snapshot(0, status(1, List.of(web0(1, false, true))), drops, talkers));
        top.trouble("the daemon behind " + HOSTILE + " did not answer within 5 s; it is busy or hangs");
        for (String keys : new String[] {"1", "2", "3", "4", "h", "x"}) {
            press(keys);
            assertFalse(text(columns, rows).contains("漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字"));
        }
        press("/" + "漢".repeat(100) + "\u202e");
        picture(columns, rows);
    }

    @ParameterizedTest
    @CsvSource({"39,24", "80,7", "10,3", "1,1"})
    void aSmallTerminalIsToldSo(int columns, int rows) {
        begin();
        List<Line> lines = top.lines(columns, rows);
        assertTrue(lines.size() <= rows);
        assertTrue(lines.stream().allMatch(line -> TextWidth.of(line.text()) <= columns), lines.toString());
        assertTrue(lines.getFirst().text().startsWith("too small".substring(0, Math.min(columns - 1, 3))));
    }

    @Test
    void hostileTextIsVisibleAndMovesNothing() {
        top.accept(snapshot(
                0,
                status(1, List.of(web0(1, true, true))),
                List.of(drop("203.0.113.9", 1, 2, "no-rule", 1, HOSTILE)),
                List.of()));
        press("3");
        String all = text(160, 24);
        assertTrue(all.contains("\\x1b[2Jevil\\u202e\\n漢字漢字"), all);
    }

    @Test
    void keysChangeThePanelTheOrderAndTheRows() {
        begin();
        press("2");
        assertTrue(picture(80, 24).get(5).startsWith("203.0.113.29"), "the highest rate first");
        press("s");
        assertTrue(picture(80, 24).get(3).endsWith("by packets"));
        press("s");
        assertTrue(picture(80, 24).get(5).startsWith("203.0.113.0 "), "the highest total first");
        assertTrue(
                picture(80, 24).getLast().endsWith("1–18 of 30"),
                picture(80, 24).getLast());
        press(Key.Kind.DOWN, Key.Kind.DOWN);
        assertTrue(picture(80, 24).get(5).startsWith("203.0.113.2 "));
        press(Key.Kind.PAGE_DOWN);
        assertTrue(picture(80, 24).getLast().endsWith("13–30 of 30"), "the end is the last page");
        press(Key.Kind.UP);
        assertTrue(picture(80, 24).getLast().endsWith("12–29 of 30"));
        press(Key.Kind.HOME);
        assertTrue(picture(80, 24).getLast().endsWith("1–18 of 30"));
        press(Key.Kind.LAST);
        assertTrue(picture(80, 24).getLast().endsWith("13–30 of 30"));
        press(Key.Kind.TAB);
        assertTrue(picture(80, 24).get(3).contains("[3 Drops]"));
        press(Key.Kind.TAB, Key.Kind.TAB);
        assertTrue(picture(80, 24).get(3).contains("[1 Rates]"));
        press(Key.Kind.BACK_TAB);
        assertTrue(picture(80, 24).get(3).contains("[4 Flows]"));
        assertFalse(top.press(Key.character('q')));
        assertFalse(top.press(Key.of(Key.Kind.END)));
    }

    @Test
    void dropsOfOneConnectionAreOneRow() {
        begin();
        press("3");
        List<String> rows = picture(120, 24).subList(4, 9);
        assertEquals(List.of("AGO", "IF", "DIR", "COUNT", "REASON", "PACKET", "NEAREST", "RULE"), words(rows.get(0)));
        assertEquals(
                " 0s  web0  in       6  no-rule     tcp 203.0.113.9 → 10.0.5.10:8443  web/ingress[1] the site: port 8443 is outside 80",
                rows.get(1));
        assertTrue(rows.get(2).contains("198.51.100.4 → 10.0.5.10:22 "), rows.get(2));
        assertEquals("", rows.get(4));
        assertTrue(picture(120, 24).getLast().endsWith("3 rows"));
    }

    @Test
    void aFilterLeavesTheRowsWithThatTextInEachPanel() {
        begin();
        press("3/TCP-no");
        assertTrue(picture(80, 24).getLast().startsWith("/TCP-no_"));
        press(Key.Kind.ENTER);
        assertTrue(picture(80, 24).getLast().endsWith("1 row"));
        press("/");
        press(Key.Kind.BACKSPACE, Key.Kind.BACKSPACE, Key.Kind.BACKSPACE, Key.Kind.ENTER);
        assertTrue(
                picture(80, 24).getLast().startsWith("only TCP (Esc: all)"),
                picture(80, 24).getLast());
        assertTrue(picture(80, 24).getLast().endsWith("3 rows"));
        press("2/");
        press(Key.Kind.ESCAPE);
        press("/203.0.113.29");
        press(Key.Kind.ENTER);
        assertTrue(picture(80, 24).getLast().endsWith("1 row"));
        press("4");
        assertTrue(picture(80, 24).getLast().endsWith("1 row"));
        press("/q");
        press(Key.Kind.ENTER);
        assertTrue(picture(80, 24).get(5).startsWith("nothing with 203.0.113.29q"), "a q in a filter does not quit");
        press(Key.Kind.ESCAPE);
        assertTrue(picture(80, 24).getLast().endsWith("of 30"));
    }

    @Test
    void aPausedScreenStaysUntilItGoesOn() {
        begin();
        press("p");
        top.accept(snapshot(9, status(1, List.of(web0(9_000, true, true))), List.of(), List.of()));
        assertTrue(picture(80, 24).get(0).endsWith("12:00:01"));
        assertTrue(picture(80, 24).get(3).contains("PAUSED"));
        press("p");
        top.accept(snapshot(10, status(1, List.of(web0(9_100, true, true))), List.of(), List.of()));
        assertTrue(picture(80, 24).get(0).endsWith("12:00:10"));
    }

    @Test
    void troubleIsShownOverTheLastAnswerUntilTheNext() {
        begin();
        top.trouble("no portcullis answers on /run/portcullis/control.sock");
        List<Line> lines = top.lines(80, 24);
        assertEquals(Line.alert("no portcullis answers on /run/portcullis/control.sock"), lines.get(1));
        assertTrue(text(80, 24).contains("web0"), "what it said before stays");
        // Another daemon, whose counters begin anew: no rates yet.
        top.accept(snapshot(5, status(2, List.of(web0(10, true, true))), List.of(), List.of()));
        assertEquals("web0 enforcing", picture(80, 24).get(1));
        assertEquals("flows 1 of 1,000", picture(80, 24).get(2));
        top.accept(snapshot(6, status(2, List.of(web0(20, true, true))), List.of(), List.of()));
        assertTrue(
                picture(80, 24).get(2).startsWith("in 80 kbit/s"),
                picture(80, 24).get(2));
    }

    @Test
    void whatIsNotGuardedIsAnAlert() {
        top.accept(snapshot(0, status(1, List.of(web0(1, false, true))), List.of(), List.of()));
        assertEquals(Line.alert("web0 AUDIT"), top.lines(80, 24).get(1));
        top.accept(snapshot(1, status(1, List.of(web0(1, true, false))), List.of(), List.of()));
        assertEquals(Line.alert("web0 SHUT (in0 is gone)"), top.lines(80, 24).get(1));
    }

    @Test
    void theHelpIsLeftByAnyKey() {
        begin();
        press("h");
        String help = text(80, 24);
        assertTrue(help.contains("only rows with this text"), help);
        assertTrue(help.lines().collect(Collectors.toSet()).stream().noneMatch(line -> line.contains("203.0.113")));
        press(Key.Kind.RESIZED);
        // No key came in the time that the screen waits for one.
        press(Key.Kind.NONE);
        assertTrue(text(80, 24).contains("only rows with this text"));
        press("x");
        assertFalse(text(80, 24).contains("only rows with this text"));
    }
}
