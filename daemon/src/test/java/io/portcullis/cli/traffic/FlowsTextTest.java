package io.portcullis.cli.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.operations.traffic.FlowsReport;
import io.portcullis.operations.traffic.FlowsReport.FlowView;
import io.portcullis.operations.traffic.FlowsReport.RuleView;
import io.portcullis.operations.traffic.FlowsReport.Traffic;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FlowsTextTest {
    private static final FlowView FLOW = new FlowView(
            "web0",
            "ingress",
            "tcp",
            "203.0.113.9",
            51_544,
            "10.0.5.10",
            443,
            "",
            "7.42",
            "tcp-established",
            true,
            new Traffic(12, 1_500, 10, 2_000_000),
            null,
            2_000,
            400_000_000,
            new RuleView("rule", "web/ingress[1]", "https"));

    private static List<String> lines(long matching, int width) {
        return new FlowsText(width).of(new FlowsReport("2026-01-01T00:00:00Z", 9, matching, List.of(FLOW)));
    }

    @Test
    void aWideTerminalShowsAllColumns() {
        assertEquals(
                List.of(
                        "IF    DIR  CONNECTION                                       STATE            IN     OUT  PACKETS      AGE  IDLE  LEFT  RULE",
                        "web0  in   tcp 203.0.113.9:51544 → 10.0.5.10:443 vlan 7.42  established  1.5 kB  2.0 MB    12/10  unknown    2s    4d  web/ingress[1] https"),
                lines(1, 200));
    }

    @Test
    void aNarrowOneShowsTheConnectionAndItsRule() {
        List<String> narrow = lines(1, 100);
        assertTrue(narrow.stream().allMatch(line -> line.length() <= 100), narrow.toString());
        assertEquals(
                "web0  tcp 203.0.113.9:51544 → 10.0.5.10:443 vlan 7.42  established  web/ingress[1] https",
                narrow.getLast().replaceAll("  +[0-9.]+ [kM]B", ""));
        assertTrue(lines(1, 60).getLast().endsWith("…"));
    }

    @Test
    void whatTheLimitHidesIsSaid() {
        assertEquals("1 flow more: --limit shows more", lines(2, 200).getLast());
        assertEquals("1,999 flows more: --limit shows more", lines(2_000, 200).getLast());
        FlowsReport nothing = new FlowsReport("2026-01-01T00:00:00Z", 9, 0, List.of());
        assertEquals(List.of("none of 9 tracked flows matches"), new FlowsText(80).of(nothing));
    }
}
