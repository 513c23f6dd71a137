package io.portcullis.bench.figures;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Quantiles of histograms, and drops, out of the text of a scrape. */
final class QuantilesTest {
    private static final String BEFORE = """
            # TYPE stall histogram
            stall_bucket{interface="bench",le="1.0E-5"} 100
            stall_bucket{interface="bench",le="1.0E-4"} 100
            stall_bucket{interface="bench",le="+Inf"} 100
            stall_bucket{interface="other",le="+Inf"} 7
            """;

    private static final String AFTER = """
            stall_bucket{interface="bench",le="+Inf"} 1100
            stall_bucket{interface="bench",le="1.0E-4"} 1099
            stall_bucket{interface="bench",le="1.0E-5"} 1080
            stall_bucket{interface="other",le="+Inf"} 99
            """;

    @Test
    void eachIsTheUpperBoundOfItsBucketInTheDifference() {
        Quantiles quantiles = Quantiles.of("stall", "interface=\"bench\"", List.of(BEFORE), List.of(AFTER));
        assertEquals(10, quantiles.p50(), 1e-9);
        assertEquals(100, quantiles.p99(), 1e-9);
        assertEquals(100, quantiles.p999(), 1e-9);
        assertEquals(Double.POSITIVE_INFINITY, quantiles.max());
        assertEquals(1000, quantiles.samples());
        assertEquals(
                "   loop                  10.000     100.000     100.000         inf          1000",
                quantiles.row("loop"));
        assertEquals(
                "{\"p50_us\": 10.000, \"p99_us\": 100.000, \"p999_us\": 100.000, \"max_us\": null, \"samples\": 1000}",
                quantiles.json());
    }

    @Test
    void severalScrapesAreAdded() {
        Quantiles quantiles = Quantiles.of("stall", "", List.of(), List.of(BEFORE, AFTER));
        assertEquals(1306, quantiles.samples());
    }

    @Test
    void aMissingMetricIsAFailure() {
        assertThrows(Failure.class, () -> Quantiles.of("other", "", List.of(), List.of(AFTER)));
    }

    @Test
    void dropsAreThoseOfAllInterfacesAndDirectionsByReason() {
        String metrics = """
                # HELP portcullis_drops_total reason="none"
                portcullis_drops_total{interface="a",direction="ingress",reason="no-rule"} 3.0
                portcullis_drops_total{interface="a",direction="egress",reason="no-rule"} 4.0
                portcullis_drops_total{direction="egress",reason="tcp-window",interface="b"} 1.2E3
                portcullis_passes_total{reason="no-rule"} 9
                """;
        assertEquals("{no-rule=7, tcp-window=1200}", Drops.of(metrics).toString());
    }
}
