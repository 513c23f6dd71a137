package io.portcullis.bench.figures;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers as C prints them, and the middle of several. */
final class NumbersTest {
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
}
