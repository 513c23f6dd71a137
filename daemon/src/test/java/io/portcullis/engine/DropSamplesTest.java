package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The samples for the log are fair among sources and reasons, and every drop is counted. */
final class DropSamplesTest {
    private final DropSamples samples = new DropSamples();
    private final Packet packet = new Packet();

    private void note(String source, Reason reason, int times) {
        byte[] frame = Frame.udp(source, 1, "10.0.0.1", 2).bytes();
        packet.parse(MemorySegment.ofArray(frame), 0, frame.length);
        for (int i = 0; i < times; i++) {
            samples.note(packet, Direction.INGRESS, reason, false, 0);
        }
    }

    private static boolean tellsOf(DropSamples.Taken taken, String text) {
        return taken.drops().stream().anyMatch(drop -> drop.toString().contains(text));
    }

    private static long described(DropSamples.Taken taken) {
        return taken.drops().stream().mapToLong(Drop::count).sum();
    }

    @Test
    void nothing() {
        DropSamples.Taken taken = samples.take(10);
        assertEquals(List.of(), taken.drops());
        assertEquals(0, taken.others());
    }

    @Test
    void aFloodIsOneEntryAndItsCount() {
        note("198.51.100.7", Reason.NO_RULE, 100_000);
        DropSamples.Taken taken = samples.take(10);
        assertEquals(1, taken.drops().size());
        assertEquals(100_000, taken.drops().getFirst().count());
        assertEquals(0, taken.others());
        assertEquals(0, samples.take(10).drops().size(), "taken out is forgotten");
    }

    @Test
    void aFloodOfOneSourceDoesNotHideAnother() {
        for (int i = 1; i <= 200; i++) {
            String quiet = "203.0.113." + i;
            for (int second = 0; second < 16; second++) {
                note("198.51.100.7", Reason.NO_RULE, 1000);
                note(quiet, Reason.NO_RULE, 1);
                assertTrue(tellsOf(samples.take(10), quiet), quiet);
            }
        }
    }

    /** Three sources share their places by chance, but not after every take: else one of them would never be reported. */
    @Test
    void aFloodOfTwoSourcesDoesNotHideAnotherForLong() {
        Set<String> hidden = new HashSet<>();
        for (int i = 1; i <= 200; i++) {
            String quiet = "203.0.113." + i;
            boolean told = false;
            for (int second = 0; second < 60 && !told; second++) {
                note("198.51.100.7", Reason.NO_RULE, 1000);
                note("198.51.100.8", Reason.NO_RULE, 1000);
                note(quiet, Reason.NO_RULE, 1);
                told = tellsOf(samples.take(10), quiet);
            }
            if (!told) {
                hidden.add(quiet);
            }
        }
        assertEquals(Set.of(), hidden, "never named in 60 takes beside the flood");
    }

    @Test
    void oneOfEveryReasonBeforeASecondOfAny() {
        for (int i = 1; i <= 100; i++) {
            note("198.51.100." + i, Reason.NO_RULE, 50);
            note("198.51.100." + i, Reason.TCP_NO_SYN, 50);
        }
        note("203.0.113.1", Reason.BAD_CHECKSUM, 1);
        note("203.0.113.1", Reason.MALFORMED_L2, 1);
        note("203.0.113.1", Reason.FLOW_LIMIT, 1);
        DropSamples.Taken taken = samples.take(5);
        Set<Reason> reasons = new HashSet<>();
        taken.drops().forEach(drop -> reasons.add(drop.reason()));
        assertEquals(
                Set.of(Reason.NO_RULE, Reason.TCP_NO_SYN, Reason.BAD_CHECKSUM, Reason.MALFORMED_L2, Reason.FLOW_LIMIT),
                reasons);
    }

    @Test
    @Tag("property")
    void theLimitHoldsAndNothingIsLost() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int total = 0;
            for (int n = random.nextInt(1, 60); n > 0; n--) {
                int times = random.nextInt(1, 20);
                Reason reason = Reason.values()[random.nextInt(1, Reason.values().length)];
                note("10.1." + random.nextInt(256) + "." + random.nextInt(1, 255), reason, times);
                total += times;
            }
            int limit = random.nextInt(1, 12);
            DropSamples.Taken taken = samples.take(limit);
            assertTrue(taken.drops().size() <= limit, "seed " + seed);
            assertEquals(total, described(taken) + taken.others(), "seed " + seed);
        }
    }

    @Test
    void takenSamplesDoNotChange() {
        note("198.51.100.7", Reason.NO_RULE, 3);
        Drop drop = samples.take(10).drops().getFirst();
        note("198.51.100.7", Reason.NO_RULE, 5);
        assertEquals(3, drop.count());
    }
}
