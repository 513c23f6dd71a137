package io.portcullis.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HearingTest {
    private final Hearing hearing = new Hearing();
    private long counted;
    private int opened;

    /** A look at which the port has had nothing, and the driver has counted so many more. */
    private void missed(long frames) {
        counted += frames;
        if (hearing.heardNothing(counted)) {
            opened++;
        }
    }

    private void missed(long frames, int looks) {
        for (int i = 0; i < looks; i++) {
            missed(frames);
        }
    }

    @Test
    void aPortIsDeafAfterThreeLooksAndIsOpenedOnce() {
        missed(0);
        missed(Hearing.FRAMES, Hearing.LOOKS - 1);
        assertFalse(hearing.isDeaf());
        missed(1);
        assertTrue(hearing.isDeaf());
        missed(100, 10);
        assertTrue(hearing.isDeaf());
        assertEquals(1, opened);
    }

    @Test
    void whatWasCountedBeforeTheFirstLookIsNotMissed() {
        counted = 1_000_000;
        missed(0);
        missed(1, Hearing.LOOKS);
        assertFalse(hearing.isDeaf());
    }

    @Test
    void itIsOpenedAgainNowAndThenWhileItStaysDeaf() {
        missed(100, 1 + Hearing.LOOKS);
        assertEquals(1, opened);
        missed(100, Hearing.LOOKS_UNTIL_NEXT_TRY);
        assertEquals(2, opened);
    }

    @Test
    void oneFrameIsEnough() {
        missed(100, 1 + Hearing.LOOKS);
        hearing.heard();
        assertFalse(hearing.isDeaf());
        missed(100, Hearing.LOOKS);
        assertFalse(hearing.isDeaf(), "the first look after it only says where to count from");
        missed(100);
        assertTrue(hearing.isDeaf());
    }

    @Test
    void silenceIsNoDeafness() {
        missed(0, 1_000);
        assertFalse(hearing.isDeaf());
    }

    @Test
    void aDeafPortWhoseNicFallsSilentIsOnlyForSomeTimeDeaf() {
        missed(100, 1 + Hearing.LOOKS);
        missed(0, Hearing.QUIET_LOOKS_WHILE_DEAF - 1);
        assertTrue(hearing.isDeaf());
        missed(0);
        assertFalse(hearing.isDeaf());
    }

    /** As drivers do that read their counters from the hardware every few seconds. */
    @Test
    void countersThatComeLateAreNoDeafness() {
        Random random = new Random(7);
        for (int burst = 0; burst < 1_000; burst++) {
            hearing.heard();
            // Counted one or two looks later, in one or two parts.
            missed(random.nextInt(3) * 50_000L);
            missed(50_000);
            missed(random.nextInt(2) * 50_000L);
            missed(0, random.nextInt(10));
            assertFalse(hearing.isDeaf());
        }
    }

    /** And of a port that is deaf they tell all the same. */
    @Test
    void countersThatMoveEverySecondLookTellOfADeafPort() {
        missed(0);
        for (int i = 0; i < Hearing.LOOKS; i++) {
            missed(0);
            missed(50_000);
        }
        assertTrue(hearing.isDeaf());
    }

    /** LLDP and the like, which the NIC's own firmware takes: a frame now and then that never reaches the host. */
    @Test
    void aFrameNowAndThenIsNoDeafness() {
        for (int i = 0; i < 10_000; i++) {
            missed(1);
            missed(0, Hearing.QUIET_LOOKS);
        }
        assertFalse(hearing.isDeaf());
        assertEquals(0, opened);
    }

    @Test
    void aCounterThatBeginsAgainIsNoDeafness() {
        counted = 1_000_000;
        missed(0);
        counted = 0;
        missed(0);
        missed(5, Hearing.LOOKS);
        assertFalse(hearing.isDeaf());
    }

    @Test
    void normalTrafficNeverMakesItFlap() {
        Random random = new Random(13);
        for (int i = 0; i < 100_000; i++) {
            if (random.nextInt(3) == 0) {
                hearing.heard();
                counted += random.nextInt(100_000);
            } else {
                missed(0);
            }
            assertFalse(hearing.isDeaf());
        }
    }
}
