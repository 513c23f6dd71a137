package io.portcullis.cli.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class QuantityTest {
    @Test
    void sizesHaveThreeDigitsAtTheMost() {
        String[][] sizes = {
            {"0", "0 B"},
            {"999", "999 B"},
            {"1000", "1.0 kB"},
            {"9949", "9.9 kB"},
            {"9950", "10 kB"},
            {"999499", "999 kB"},
            {"999500", "1.0 MB"},
            {"640000000", "640 MB"},
            {"9223372036854775807", "9.2 EB"},
        };
        for (String[] size : sizes) {
            assertEquals(size[1], Quantity.bytes(Long.parseLong(size[0])));
        }
        assertEquals("8.0 Mbit/s", Quantity.bits(1_000_000));
    }

    @Test
    void timesAreRoundedDown() {
        assertEquals("0s", Quantity.time(999));
        assertEquals("119s", Quantity.time(119_999));
        assertEquals("2m", Quantity.time(120_000));
        assertEquals("2h", Quantity.time(7_200_000));
        assertEquals("2d", Quantity.time(200_000_000));
    }
}
