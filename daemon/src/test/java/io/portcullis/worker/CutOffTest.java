package io.portcullis.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Timelines of a watched conversation, and when they are evidence that it is cut off. */
final class CutOffTest {
    /** The meaning of a letter: a second in which such frames arrived. */
    private static PeerTraffic second(char letter) {
        return switch (letter) {
            case '.' -> PeerTraffic.NONE;
            case '=' -> new PeerTraffic(3, 0, 3, 0);
            case 'i' -> new PeerTraffic(1, 0, 0, 0);
            case 'I' -> new PeerTraffic(0, 1, 0, 0);
            case 'e' -> new PeerTraffic(0, 0, 1, 0);
            case 'E' -> new PeerTraffic(0, 0, 0, 1);
            // The peer's frames pass, the answers are dropped.
            case 'a' -> new PeerTraffic(2, 0, 0, 2);
            // The frames of both sides are dropped.
            case 'X' -> new PeerTraffic(0, 2, 0, 1);
            // Dropped and passed, of both directions.
            case 'm' -> new PeerTraffic(2, 1, 2, 1);
            default -> throw new IllegalArgumentException("" + letter);
        };
    }

    private static long ns(long seconds) {
        return TimeUnit.SECONDS.toNanos(seconds);
    }

    /** The second, from 1, after which it is cut off; 0: never. */
    private static int cutAt(String seconds, long stepNs) {
        PeerTraffic sums = new PeerTraffic(100, 10, 100, 10);
        CutOff cutOff = new CutOff(sums);
        for (int i = 0; i < seconds.length(); i++) {
            sums = sums.plus(second(seconds.charAt(i)));
            if (cutOff.isCutOff(sums, ns(1_000) + i * stepNs)) {
                return i + 1;
            }
        }
        return 0;
    }

    @ParameterizedTest
    @CsvSource({
        "healthy,                            ====================, 0",
        "healthy with long pauses,           =..............=..............=.........., 0",
        "healthy beside refused attempts,    mmmmmmmmmmmmmmmmmmmm, 0",
        "idle,                               ........................................, 0",
        "the last acknowledgment is alone,   =ei...................., 0",
        "ingress dropped,                    IIIIIIIIIIIIIIII, 11",
        "ingress dropped and backing off,    II.I...I.......I, 11",
        "ingress dropped and the host sends, XXeXXXXXXXXXXXXX, 11",
        "egress dropped,                     aaaaaaaaaaaaaaaa, 11",
        "egress dropped and only seen there, EE.E...E........, 11",
        "SYNs refused,                       II.I...I...., 11",
        "starts late,                        ......................II.I...I...., 33",
        "after a healthy time,               =====IIIIIIIIIIIIIIII, 16",
        "after its last acknowledgment,      ===.iIIIIIIIIIIIIIIII, 15",
        "recovers in time,                   IIIIIIIII============, 0",
        "recovers and is cut off again,      IIIII=IIIIIIIIIIIIIII, 17",
        "one stray retransmission,           I..........................., 0",
        "strays far apart,                   I...........I...........I..........., 0",
        "strays nearby,                      I........I.........., 11",
        "a burst that has ended,             IIII................, 11",
        "egress takes another way,           iiiiiiiiiiiiiiiiiiii, 0",
        "ingress takes another way,          eeeeeeeeeeeeeeeeeeee, 0",
        "one way and a stray,                iiiiIiiiiiiiiiii, 0",
        "one way and drops,                  iIiiIiiiiiiiiiii, 11"
    })
    void timelines(String what, String seconds, int cutAt) {
        assertEquals(cutAt, cutAt(seconds, ns(1)), what);
    }

    @Test
    void moreFrequentQueriesGiveTheSameAnswer() {
        assertEquals(101, cutAt("I".repeat(200), ns(1) / 10));
        assertEquals(0, cutAt("I" + "..........".repeat(3), ns(1) / 10));
        assertEquals(0, cutAt("IIIIIIIII" + ".".repeat(200), ns(1) / 10), "all within one second");
    }

    @Test
    void aLateQueryMayFindItLater() {
        assertEquals(5, cutAt("IIIII", ns(3)));
        assertEquals(0, cutAt("III", ns(12)), "a gap in which anything may have been");
    }

    /** An interface has left, or is watched anew. */
    @Test
    void smallerSumsDoNotCountAsFrames() {
        CutOff cutOff = new CutOff(new PeerTraffic(50, 50, 50, 50));
        for (int i = 0; i < 30; i++) {
            assertFalse(cutOff.isCutOff(new PeerTraffic(40 - i, 40 - i, 40 - i, 40 - i), ns(i)));
        }
        assertFalse(cutOff.isCutOff(PeerTraffic.NONE.plus(second('I')), ns(30)));
    }

    @Test
    void evidenceLastsWhileFramesCome() {
        CutOff cutOff = new CutOff(PeerTraffic.NONE);
        PeerTraffic sums = PeerTraffic.NONE;
        for (int i = 0; i < 20; i++) {
            sums = sums.plus(second('I'));
            assertEquals(i >= 10, cutOff.isCutOff(sums, ns(i)));
        }
        assertFalse(cutOff.isCutOff(sums, ns(40)), "silence since");
        assertFalse(cutOff.isCutOff(sums.plus(second('=')), ns(41)));
    }
}
