package io.portcullis.bench.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers as C prints them, and the middle of several. */
final class NumbersTest {
    private static final String PERL_BLOCKS = """
                - 174.153.220.64/26
                - 33.13.104.128/26
                - 76.45.187.176/28
            """;

    private static final String PERL_RULES = """
                  - {protocol: tcp, ports: 15929-16574, from: 174.152.0.0/14}
                  - {protocol: tcp, ports: 9597-13199, from: 76.45.176.0/20}
            """;

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "707000, 707000",
        "1234567, 1.23457e+06",
        "0.0001234567, 0.000123457",
        "0.00001234567, 1.23457e-05",
        "16.40, 16.4",
        "999999.5, 1e+06",
        "-2.5, -2.5"
    })
    void printsSixSignificantDigits(double value, String text) {
        assertEquals(text, Numbers.general(value));
    }

    @Test
    void theMiddleOfAnEvenNumberIsTheMeanOfTwo() {
        assertEquals(2.0, Numbers.median(List.of(9.0, 1.0, 2.0)));
        assertEquals(2.5, Numbers.median(List.of(3.0, 9.0, 1.0, 2.0)));
    }

    /** By {@code srand(7)} and {@code rand}. */
    @Test
    void ruleFilesAreThoseThatPerlWrote() {
        assertEquals(PERL_BLOCKS, RuleFiles.blocks(3));
        assertEquals(PERL_RULES, RuleFiles.rules(2));
    }
}
