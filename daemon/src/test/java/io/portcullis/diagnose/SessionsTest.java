package io.portcullis.diagnose;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The session in SSH_CONNECTION. */
final class SessionsTest {
    private static Optional<Sessions.Ends> parse(String text) {
        return Sessions.Ends.parse(text);
    }

    @Test
    void bothEndsAreRead() {
        Sessions.Ends ends = parse("198.51.100.7 40000 203.0.113.80 2022").orElseThrow();
        assertEquals("198.51.100.7", ends.remote().getHostAddress());
        assertEquals(40_000, ends.remotePort());
        assertEquals("203.0.113.80", ends.local().getHostAddress());
        assertEquals(2022, ends.localPort());
        assertEquals(
                ends.remote(),
                parse("::ffff:198.51.100.7 1 ::ffff:203.0.113.80 2")
                        .orElseThrow()
                        .remote());
        assertEquals(
                parse("fe80::7 1 fe80::80 22"),
                parse("fe80::7%nosuch0 1 fe80::80%nosuch0 22"),
                "a zone is no part of the address");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "198.51.100.7 40000 203.0.113.80",
                "a 1 b 22",
                "198.51.100.7 x 203.0.113.80 22",
                "1 2 3 4 5",
                "198.51.100.7 65536 203.0.113.80 22",
                "198.51.100.7 40000 203.0.113.80 99999"
            })
    void anImpossibleValueIsNoSession(String text) {
        assertEquals(Optional.empty(), parse(text));
    }
}
