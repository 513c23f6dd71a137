package io.portcullis.bench.comparison;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.bench.lab.Placement;
import io.portcullis.bench.lab.Row;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The tables and the JSON of the comparison. */
final class ReportTest {
    private final Samples samples = new Samples();
    private final Report report = new Report(samples, List.of(Row.WIRE, Row.NFT, Row.RING), 2, List.of(Row.RING));

    @BeforeEach
    void measure() {
        note(Row.NFT, "bulk1", 10, 12);
        note(Row.RING, "bulk1", 22);
        note(Row.RING, "wakeups", 0.5);
    }

    private void note(Row row, String measure, double... values) {
        for (double value : values) {
            samples.note(new Samples.Key(Placement.SPLIT, row, measure), value);
        }
    }

    @Test
    void aValueHasItsSpreadAndSaysInHowManyRoundsItWasTaken() {
        List<String> table = report.table(Placement.SPLIT);
        assertTrue(table.getFirst().endsWith("nft" + " ".repeat(23) + "ring*"), table::toString);
        assertTrue(table.get(1).startsWith("   TCP bulk, 1 stream" + " ".repeat(24) + "Gbit/s"), table::toString);
        assertTrue(table.get(1).endsWith("11.00 (10.00-12.00)" + " ".repeat(19) + "22.00 n=1"), table::toString);
        assertTrue(table.get(2).endsWith("0.500 n=1"), table::toString);
    }

    @Test
    void ratiosAreThoseOfMediansAndOnlyWhereTheyMeanSomething() {
        List<String> table = report.table(Placement.SPLIT);
        int head = table.indexOf("");
        assertTrue(table.get(head + 1).startsWith("   ratio to nft"), table::toString);
        assertTrue(table.get(head + 2).endsWith("         -      2.00"), table::toString);
        assertTrue(table.get(head + 3).isEmpty(), table::toString);
        assertFalse(table.subList(head + 1, table.size()).stream().anyMatch(line -> line.contains("IPI")));
    }

    @Test
    void theJsonHasAllSamplesAndTheRatios() {
        String json = report.json("\"rounds\": 2", List.of(Placement.SPLIT));
        assertTrue(json.startsWith("{\"rounds\": 2,\n  \"placements\": {\n    \"split\": {"), json);
        assertTrue(
                json.contains(
                        "\"bulk1\": {\"median\": 11, \"min\": 10, \"max\": 12, \"samples\": [10, 12], \"to_nft\": 1}"),
                json);
        assertTrue(json.contains("\"samples\": [22], \"to_nft\": 2}"), json);
        assertTrue(json.contains("\"wire\": {}"), json);
    }
}
