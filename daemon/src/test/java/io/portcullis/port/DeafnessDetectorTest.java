package io.portcullis.port;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

class DeafnessDetectorTest {
    private final DeafnessDetector detector = new DeafnessDetector();
    private long counted;
    private int opened;

    /** A check: the port has received nothing, and the driver has counted this many more frames. */
    private void missed(long frames) {
        counted += frames;
        if (detector.receivedNothing(counted)) {
            opened++;
        }
    }

    private void missed(long frames, int looks) {
        for (int i = 0; i < looks; i++) {
            missed(frames);
        }
    }

    @Test
    void aPortIsDeafAfterThreeChecksAndIsOpenedOnce() {
        missed(0);
        missed(DeafnessDetector.FRAMES, DeafnessDetector.CHECKS - 1);
        assertFalse(detector.isDeaf());
        missed(1);
        assertTrue(detector.isDeaf());
        missed(100, 10);
        assertTrue(detector.isDeaf());
        assertEquals(1, opened);
    }

    @Test
    void framesCountedBeforeTheFirstCheckAreNotMissed() {
        counted = 1_000_000;
        missed(0);
        missed(1, DeafnessDetector.CHECKS);
        assertFalse(detector.isDeaf());
    }

    @Test
    void itIsOpenedAgainNowAndThenWhileItStaysDeaf() {
        missed(100, 1 + DeafnessDetector.CHECKS);
        assertEquals(1, opened);
        missed(100, DeafnessDetector.CHECKS_UNTIL_NEXT_TRY);
        assertEquals(2, opened);
    }

    @Test
    void oneFrameIsEnough() {
        missed(100, 1 + DeafnessDetector.CHECKS);
        detector.received();
        assertFalse(detector.isDeaf());
        missed(100, DeafnessDetector.CHECKS);
        assertFalse(detector.isDeaf(), "the first look after it only says where to count from");
        missed(100);
        assertTrue(detector.isDeaf());
    }

    @Test
    void silenceDoesNotCount() {
        missed(0, 1_000);
        assertFalse(detector.isDeaf());
    }

    @Test
    void aDeafPortWithASilentNicIsDeafForSomeTimeOnly() {
        missed(100, 1 + DeafnessDetector.CHECKS);
        missed(0, DeafnessDetector.QUIET_CHECKS_WHILE_DEAF - 1);
        assertTrue(detector.isDeaf());
        missed(0);
        assertFalse(detector.isDeaf());
    }

    /** Some drivers read their counters from the hardware only every few seconds. */
    @Test
    void lateCountersDoNotCount() {
        Random random = new Random(7);
        for (int burst = 0; burst < 1_000; burst++) {
            detector.received();
            // Counted one or two checks later, in one or two parts.
            missed(random.nextInt(3) * 50_000L);
            missed(50_000);
            missed(random.nextInt(2) * 50_000L);
            missed(0, random.nextInt(10));
            assertFalse(detector.isDeaf());
        }
    }

    /** They keep a deaf port deaf. */
    @Test
    void countersThatMoveEverySecondCheckShowADeafPort() {
        missed(0);
        for (int i = 0; i < DeafnessDetector.CHECKS; i++) {
            missed(0);
            missed(50_000);
        }
        assertTrue(detector.isDeaf());
    }

    /** LLDP and the like, which the NIC's firmware consumes: a frame now and then that never reaches the host. */
    @Test
    void aFrameNowAndThenDoesNotCount() {
        for (int i = 0; i < 10_000; i++) {
            missed(1);
            missed(0, DeafnessDetector.QUIET_CHECKS);
        }
        assertFalse(detector.isDeaf());
        assertEquals(0, opened);
    }

    @Test
    void aCounterThatRestartsDoesNotCount() {
        counted = 1_000_000;
        missed(0);
        counted = 0;
        missed(0);
        missed(5, DeafnessDetector.CHECKS);
        assertFalse(detector.isDeaf());
    }

    @Test
    void normalTrafficNeverMakesItFlap() {
        Random random = new Random(13);
        for (int i = 0; i < 100_000; i++) {
            if (random.nextInt(3) == 0) {
                detector.received();
                counted += random.nextInt(100_000);
            } else {
                missed(0);
            }
            assertFalse(detector.isDeaf());
        }
    }
}
