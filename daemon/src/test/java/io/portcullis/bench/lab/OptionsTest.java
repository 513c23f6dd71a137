package io.portcullis.bench.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.bench.figures.Failure;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The words of {@code scripts/bench}. */
final class OptionsTest {
    private static final Path ROOT = Path.of("/checkout");

    private static Options parse(String line) {
        return Options.parse(line.isEmpty() ? List.of() : Arrays.asList(line.split(" ", -1)), ROOT);
    }

    @Test
    void withoutOptionsAllIsMeasuredInBothPlacements() {
        Options options = parse("");
        assertEquals(Options.Mode.COMPARISON, options.mode());
        assertEquals(List.of(Row.values()), options.rows());
        assertEquals(List.of(Placement.values()), options.placements());
        assertEquals(3, options.rounds());
        assertEquals(Path.of("/checkout/daemon/target/bench.json"), options.json());
    }

    @Test
    void quickIsSplitUnlessAPlacementIsChosen() {
        assertEquals(List.of(Placement.SPLIT), parse("--quick").placements());
        assertEquals(List.of(Placement.FREE), parse("--quick --placement free").placements());
    }

    @Test
    void stallsTakeMinutesOrTen() {
        assertEquals("10", parse("--stalls --json /x/y").stallMinutes());
        Options options = parse("--stalls 0.5");
        assertEquals("0.5", options.stallMinutes());
        assertEquals(List.of(Row.WIRE, Row.RING), options.rows());
        assertEquals(Path.of("/checkout/daemon/target/stalls.json"), options.json());
    }

    @Test
    void otherModesHaveOptionsOfTheirOwn() {
        Options options = parse("--rules --forwarding --quick --json /x/../y");
        assertTrue(options.forwardingOnly() && options.quick());
        assertEquals(Path.of("/y"), options.json());
        assertEquals(Options.Mode.FLOWS, parse("--flows").mode());
        assertEquals(Options.Mode.EC2, parse("--ec2 --quick").mode());
        assertEquals(Options.Mode.DOWN, parse("--down").mode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--host --forwarding", "--flows --json x", "--reload --json", "--rules --rounds 3"})
    void anOptionOfAnotherModeIsRefusedWithAMessage(String line) {
        assertThrows(Failure.class, () -> parse(line));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--nothing",
                "ring",
                "--only",
                "--only wire,bogus",
                "--placement here",
                "--rounds 0",
                "--rounds 100",
                "--stalls 0",
                "--stalls 1000",
                "--quick --host"
            })
    void misuseIsRefused(String line) {
        assertThrows(Options.Misuse.class, () -> parse(line));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 2", "4, 10", "31, 80000000", "32, '1,00000000'", "69, '20,00000000,00000000'"})
    void aCoreIsWrittenAsTheKernelDoes(int core, String mask) {
        assertEquals(mask, Machine.mask(core));
    }

    @Test
    void listsOfCoresHaveRanges() {
        assertEquals(List.of(0, 1, 2, 3, 8), Machine.cores("0-3,8"));
    }
}
