package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The flow table. Time is an argument, so no test sleeps. */
final class FlowTableTest {
    private static final long SECOND = 1_000_000_000L;

    private static final FlowTimeouts SECONDS = new FlowTimeouts(FlowTableTest::ns);

    /** A different timeout for every state, small enough to count by hand. */
    private static long ns(String key) {
        for (Timeout timeout : Timeout.values()) {
            if (timeout.key().equals(key)) {
                return 10L * SECOND * (timeout.ordinal() + 1);
            }
        }
        throw new IllegalArgumentException(key);
    }

    private static FlowTable table(long maxFlows) {
        return table(maxFlows, 0);
    }

    private static FlowTable table(long maxFlows, long nowNs) {
        return FlowTable.inMemory(1, 2, maxFlows, SECONDS, nowNs);
    }

    private static Tuple tuple(int number) {
        Tuple tuple = new Tuple();
        tuple.service = Tuple.service(IpProtocol.UDP, 0, 0);
        tuple.outsideLow = number;
        return tuple;
    }

    private static @Nullable Flow add(FlowTable table, int number, Timeout timeout, long nowNs) {
        return table.insert(tuple(number), Direction.INGRESS, timeout, nowNs, 0, 0, null, null);
    }

    private static Flow found(FlowTable table, int number, long nowNs) {
        Flow flow = table.find(tuple(number), nowNs);
        assertNotNull(flow);
        return flow;
    }

    private static Flow added(FlowTable table, int number, Timeout timeout, long nowNs) {
        Flow flow = add(table, number, timeout, nowNs);
        assertNotNull(flow);
        return flow;
    }

    @ParameterizedTest
    @EnumSource(Timeout.class)
    void aFlowIdleForExactlyItsTimeoutIsGone(Timeout timeout) {
        FlowTable table = table(10);
        Flow flow = added(table, 1, timeout, 1_000);
        long end = 1_000 + SECONDS.ns(timeout);
        assertSame(flow, table.find(tuple(1), end - 1));
        assertNull(table.find(tuple(1), end));
        assertEquals(0, table.size());
    }

    @ParameterizedTest
    @EnumSource(Timeout.class)
    void expireForgetsItAtTheSameMoment(Timeout timeout) {
        FlowTable table = table(10);
        added(table, 1, timeout, 1_000);
        long end = 1_000 + SECONDS.ns(timeout);
        table.expire(end - 1, 100);
        assertEquals(1, table.size());
        assertEquals(1, table.expire(end, 100));
        assertEquals(0, table.size());
    }

    @Test
    void peekingCountsNothingAndRemovesNothing() {
        FlowTable table = table(2);
        added(table, 1, Timeout.UDP, 0);
        assertNotNull(table.peek(tuple(1), 1));
        assertNull(table.peek(tuple(2), 1));
        assertNull(table.peek(tuple(1), 1000 * SECOND));
        assertEquals(1, table.size());
        assertEquals(0, table.lookups());
        assertEquals(0, table.expirations());
        assertNull(table.find(tuple(1), 1000 * SECOND));
        assertEquals(0, table.size());
    }

    /** A prefetched entry may belong to another flow by the time of the lookup. */
    @Test
    void aFlowThatWasPrefetchedMayBeGone() {
        FlowTable table = table(4);
        Tuple first = tuple(1);
        Tuple second = tuple(2);
        added(table, 1, Timeout.UDP, 0);
        added(table, 2, Timeout.UDP, 0);
        table.hash(first);
        table.hash(second);
        table.prefetch(new Tuple[] {first, second}, 3);
        Flow gone = found(table, 1, 1);
        int entry = gone.entry;
        table.remove(gone, FlowEnd.Reason.REFUSED);
        assertEquals(entry, added(table, 3, Timeout.UDP, 1).entry);
        assertNull(table.find(first, 1));
        Flow still = table.find(second, 1);
        assertNotNull(still);
        assertEquals(2, still.outsideLow());
    }

    @Test
    void aPacketRenews() {
        FlowTable table = table(10);
        Flow flow = added(table, 1, Timeout.UDP, 0);
        long udp = SECONDS.ns(Timeout.UDP);
        table.renew(flow, Timeout.UDP, udp - 1);
        assertSame(flow, table.find(tuple(1), 2 * udp - 2));
        table.renew(flow, Timeout.UDP_STREAM, 2 * udp - 2);
        assertSame(flow, table.find(tuple(1), 2 * udp - 2 + SECONDS.ns(Timeout.UDP_STREAM) - 1));
        assertNull(table.find(tuple(1), 2 * udp - 2 + SECONDS.ns(Timeout.UDP_STREAM)));
    }

    @Test
    void lookingDoesNotRenew() {
        FlowTable table = table(10);
        added(table, 1, Timeout.UDP, 0);
        assertNotNull(table.find(tuple(1), SECONDS.ns(Timeout.UDP) - 1));
        assertNull(table.find(tuple(1), SECONDS.ns(Timeout.UDP)));
    }

    @Test
    void otherTimeoutsApplyAtOnceToExistingFlows() {
        FlowTable table = table(10);
        added(table, 1, Timeout.UDP, 0);
        table.configure(10, new FlowTimeouts(key -> 5), 5);
        assertNull(table.find(tuple(1), 5));
    }

    @Test
    void timeMayWrap() {
        long now = Long.MAX_VALUE - 3;
        FlowTable table = table(10, now);
        Flow flow = added(table, 1, Timeout.UDP, now);
        long end = now + SECONDS.ns(Timeout.UDP);
        assertSame(flow, table.find(tuple(1), end - 1));
        assertEquals(1, table.expire(end, 10));
        assertEquals(0, table.size());
    }

    @Test
    void expireStopsAtItsLimitAndGoesOnLater() {
        FlowTable table = table(100);
        for (int i = 0; i < 10; i++) {
            added(table, i, i % 2 == 0 ? Timeout.UDP : Timeout.OTHER, 0);
        }
        assertEquals(4, table.expire(1_000 * SECOND, 4));
        assertEquals(6, table.size());
        assertEquals(6, table.expire(1_000 * SECOND, 100));
        assertEquals(0, table.size());
        assertEquals(0, table.expire(1_000 * SECOND, 100));
    }

    @Test
    void aFullTableForgetsTheOldestUnrepliedByCreation() {
        FlowTable table = table(4);
        added(table, 1, Timeout.UDP, 0);
        added(table, 2, Timeout.OTHER, 0);
        table.replied(added(table, 3, Timeout.UDP, 1));
        added(table, 4, Timeout.UDP, 2);
        table.renew(found(table, 1, 3), Timeout.UDP, 3);

        added(table, 5, Timeout.UDP, 4);
        assertNull(table.find(tuple(1), 4), "the first was evicted, however recent its last packet");
        added(table, 6, Timeout.UDP, 4);
        assertNull(table.find(tuple(2), 4));
        added(table, 7, Timeout.UDP, 4);
        assertNotNull(table.find(tuple(3), 4), "replied: others come before it");
        assertNull(table.find(tuple(4), 4));
        assertEquals(3, table.evictions());
        assertEquals(1, table.evictions(EvictionClass.UNREPLIED, Timeout.OTHER));
        assertEquals(4, table.size());
    }

    /** The class decides, then the age; the position in the table does not. */
    @Test
    void theClassesAreEvictedInTheirOrder() {
        FlowTable table = table(5);
        stream(added(table, 1, Timeout.UDP, 0), table);
        table.replied(added(table, 2, Timeout.UDP, 0));
        table.replied(added(table, 3, Timeout.UDP, 0));
        added(table, 4, Timeout.UDP, 0);
        stream(added(table, 5, Timeout.UDP, 0), table);
        for (int gone : new int[] {4, 2, 3}) {
            assertNotNull(table.find(tuple(gone), 1));
            stream(added(table, 10 + gone, Timeout.UDP, 1), table);
            assertNull(table.find(tuple(gone), 1), gone + " was the next");
        }
        assertNull(add(table, 20, Timeout.UDP, 1), "none of the others is evicted");
        assertEquals(1, table.evictions(EvictionClass.UNREPLIED, Timeout.UDP));
        assertEquals(2, table.evictions(EvictionClass.UNASSURED, Timeout.UDP));
    }

    private static void stream(Flow flow, FlowTable table) {
        table.replied(flow);
        flow.udpPhase(3);
    }

    @Test
    void aTableFullOfAssuredFlowsAcceptsNoMore() {
        FlowTable table = table(2);
        stream(added(table, 1, Timeout.UDP, 0), table);
        stream(added(table, 2, Timeout.UDP, 0), table);
        assertNull(add(table, 3, Timeout.UDP, 1));
        assertEquals(0, table.evictions());
        assertNotNull(table.find(tuple(1), 1));
        assertNotNull(table.find(tuple(2), 1));
    }

    @Test
    void longerTimeoutsBringNothingBack() {
        FlowTable table = table(10);
        long udp = SECONDS.ns(Timeout.UDP);
        added(table, 1, Timeout.UDP, 0);
        added(table, 2, Timeout.UDP, 1);
        added(table, 3, Timeout.OTHER, 0);
        table.configure(10, new FlowTimeouts(_ -> 10 * udp), udp);
        assertNull(table.find(tuple(1), udp));
        assertNotNull(table.find(tuple(2), 9 * udp));
        assertNotNull(table.find(tuple(3), 9 * udp));
    }

    /** Flows that are over do not count for the table's size and limit. */
    @Test
    void flowsThatLongerTimeoutsDoNotReviveAreRemovedAndFreeSpace() {
        FlowTable table = table(2);
        long udp = SECONDS.ns(Timeout.UDP);
        stream(added(table, 1, Timeout.UDP, 0), table);
        stream(added(table, 2, Timeout.UDP, 0), table);
        table.configure(2, new FlowTimeouts(_ -> 10 * udp), udp);
        assertNotNull(add(table, 3, Timeout.UDP, udp));
        assertEquals(0, table.evictions());
        assertEquals(1, table.expire(udp + SECOND, 10));
        assertEquals(1, table.size());
    }

    /** Shorter timeouts, which move all flows in the wheel, then longer ones: the wheel yields the flows that the shorter ones ended. */
    @Test
    void aFlowThatAShorterTimeoutEndedIsRemovedUnderALongerOne() {
        FlowTable table = table(5_000);
        for (int i = 0; i < 5_000; i++) {
            added(table, i, Timeout.UDP, 0);
        }
        table.configure(5_000, new FlowTimeouts(_ -> SECOND), 2 * SECOND);
        table.configure(5_000, new FlowTimeouts(_ -> 1_000 * SECOND), 2 * SECOND);
        for (int looked = 1; looked > 0; ) {
            looked = table.expire(3 * SECOND, 1_000);
        }
        assertEquals(0, table.size());
    }

    @Test
    void expiredFlowsAreEvictedFirst() {
        FlowTable table = table(2);
        table.replied(added(table, 1, Timeout.TCP_SYN_SENT, 0));
        added(table, 2, Timeout.OTHER, 0);
        assertNotNull(add(table, 3, Timeout.OTHER, SECONDS.ns(Timeout.TCP_SYN_SENT)));
        assertNotNull(table.find(tuple(2), SECONDS.ns(Timeout.TCP_SYN_SENT)));
        assertEquals(0, table.evictions());
    }

    @Test
    void repliedTwiceIsRepliedOnce() {
        FlowTable table = table(2);
        Flow flow = added(table, 1, Timeout.UDP, 0);
        table.replied(flow);
        table.replied(flow);
        added(table, 2, Timeout.UDP, 0);
        added(table, 3, Timeout.UDP, 0);
        assertNull(table.find(tuple(2), 0));
        table.remove(found(table, 1, 0), FlowEnd.Reason.REFUSED);
        assertNull(table.find(tuple(1), 0));
        assertEquals(1, table.size());
    }

    @Test
    void theKeyIsCopied() {
        FlowTable table = table(2);
        Tuple key = tuple(1);
        table.insert(key, Direction.EGRESS, Timeout.UDP, 0, 0, 0, null, null);
        key.outsideLow = 2;
        Flow flow = table.find(tuple(1), 0);
        assertNotNull(flow);
        assertEquals(Direction.EGRESS, flow.originalDirection());
        assertNull(table.find(key, 0));
    }

    /** A model of the table that checks every flow at every step. */
    private static final class Model {
        private static final class Entry {
            private final long created;
            private Timeout timeout;
            private long lastNs;
            private boolean replied;
            private boolean stream;

            Entry(long created, Timeout timeout, long lastNs) {
                this.created = created;
                this.timeout = timeout;
                this.lastNs = lastNs;
            }
        }

        private final Map<Integer, Entry> entries = new HashMap<>();
        private FlowTimeouts timeouts = SECONDS;
        private long creations;
        private long evictions;

        @Nullable
        Entry find(int number, long nowNs) {
            entries.values().removeIf(entry -> nowNs - entry.lastNs >= timeouts.ns(entry.timeout));
            return entries.get(number);
        }

        boolean insert(int number, Timeout timeout, long nowNs, long maxFlows) {
            find(number, nowNs);
            if (entries.size() >= maxFlows) {
                Integer victim = entries.entrySet().stream()
                        .filter(entry -> !(entry.getValue().replied && entry.getValue().stream))
                        .min(Comparator.comparing((Map.Entry<Integer, Entry> entry) -> entry.getValue().replied)
                                .thenComparingLong(entry -> entry.getValue().created))
                        .map(Map.Entry::getKey)
                        .orElse(null);
                if (victim == null) {
                    return false;
                }
                entries.remove(victim);
                evictions++;
            }
            entries.put(number, new Entry(creations++, timeout, nowNs));
            return true;
        }
    }

    /** The keys of some operations, prefetched before the first operation like the keys of a batch. */
    private static final class Ahead {
        private final Tuple[] tuples = new Tuple[16];
        private final SplittableRandom random;
        private final int keys;
        private int used = tuples.length;

        Ahead(SplittableRandom random, int keys) {
            this.random = random;
            this.keys = keys;
        }

        Tuple next(FlowTable table) {
            if (used == tuples.length) {
                for (int i = 0; i < tuples.length; i++) {
                    tuples[i] = tuple(random.nextInt(keys));
                    table.hash(tuples[i]);
                }
                // Some are not prefetched.
                table.prefetch(tuples, random.nextLong() & (1 << tuples.length) - 1);
                used = 0;
            }
            return tuples[used++];
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    @Tag("property")
    void randomOperationsAsTheModel(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int keys = random.nextInt(5, seed % 2 == 0 ? 40 : 4_000);
        long maxFlows = random.nextInt(1, keys + 10);
        Ahead ahead = new Ahead(random.split(), keys);
        Model model = new Model();
        long nowNs = random.nextLong();
        FlowTable table = table(maxFlows, nowNs);
        for (int step = 0; step < 20_000; step++) {
            String where = "seed " + seed + ", step " + step;
            nowNs += random.nextInt(4) == 0 ? random.nextLong(20 * SECOND) : 0;
            Tuple tuple = ahead.next(table);
            int number = (int) tuple.outsideLow;
            Timeout timeout = Timeout.values()[random.nextInt(Timeout.values().length)];
            Flow flow = table.find(tuple, nowNs);
            Model.Entry entry = model.find(number, nowNs);
            assertEquals(entry == null, flow == null, where);
            if (entry == null || flow == null) {
                boolean taken = model.insert(number, timeout, nowNs, maxFlows);
                Flow added = table.insert(tuple, Direction.INGRESS, timeout, nowNs, 0, 0, null, null);
                assertEquals(taken, added != null, where);
            } else {
                switch (random.nextInt(5)) {
                    case 0 -> {
                        table.remove(flow, FlowEnd.Reason.REFUSED);
                        model.entries.remove(number);
                    }
                    case 1 -> {
                        table.replied(flow);
                        entry.replied = true;
                    }
                    case 2 -> {
                        flow.udpPhase(3);
                        entry.stream = true;
                    }
                    default -> {
                        table.renew(flow, timeout, nowNs);
                        entry.timeout = timeout;
                        entry.lastNs = nowNs;
                    }
                }
            }
            assertEquals(model.evictions, table.evictions(), where);
            if (random.nextInt(200) == 0) {
                long factor = random.nextInt(1, 40);
                model.find(number, nowNs);
                model.timeouts = new FlowTimeouts(key -> ns(key) * factor / 10);
                table.configure(maxFlows, model.timeouts, nowNs);
            }
            if (random.nextInt(50) == 0) {
                table.expire(nowNs, random.nextInt(1, 100));
            }
            if (random.nextInt(500) == 0) {
                table.expire(nowNs, Integer.MAX_VALUE);
                model.find(number, nowNs);
                assertEquals(model.entries.size(), table.size(), where);
            }
        }
    }
}
