package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.conntrack.TcpTracker.Step;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The process ends between any two stores: a recovery then has the old flows or the new ones. Stores between two fences may have
 * been done in any order, so the test tries every subset of few stores, and random subsets of many.
 */
@Tag("property")
final class CrashTest {
    private static final int FLOWS = 3;
    private static final int STEPS = 600;
    private static final int ALL_SUBSETS = 10;
    private static final int SOME_SUBSETS = 64;
    private static final long SECOND = 1_000_000_000L;
    private static final FlowTimeouts TIMEOUTS =
            new FlowTimeouts(key -> key.equals("tcp-established") ? 432_000 * SECOND : 60 * SECOND);

    /** One store; its bytes in memory order. */
    private record Store(long at, MemorySegment bytes, boolean release) {}

    /** A slab that records its stores. */
    private static final class Recording extends Slab {
        private final List<List<Store>> groups = new ArrayList<>();

        Recording(MemorySegment memory) {
            super(memory);
            restart();
        }

        void restart() {
            groups.clear();
            groups.add(new ArrayList<>());
        }

        private void note(long at, long value, int length, boolean release) {
            MemorySegment bytes = Arena.ofAuto().allocate(8);
            bytes.set(ValueLayout.JAVA_LONG, 0, value);
            groups.getLast().add(new Store(at, bytes.asSlice(0, length), release));
        }

        @Override
        public void putInt(long at, int value) {
            note(at, value, Integer.BYTES, false);
            super.putInt(at, value);
        }

        @Override
        public void putLong(long at, long value) {
            note(at, value, Long.BYTES, false);
            super.putLong(at, value);
        }

        @Override
        public void putIntRelease(long at, int value) {
            note(at, value, Integer.BYTES, true);
            super.putIntRelease(at, value);
        }

        @Override
        void fence() {
            groups.add(new ArrayList<>());
            super.fence();
        }
    }

    private final MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(FLOWS), 128);
    private final Recording slab = new Recording(memory);
    private final FlowTable table = new FlowTable(slab, 1, 2, FLOWS, TIMEOUTS, 0);
    private final TcpTracker tracker = new TcpTracker();
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();
    private long nowNs;
    private boolean picksUp;
    private int startedOver;
    private int crashes;
    private int mixes;
    private long carries;

    private static Frame segment(int client, boolean fromClient, int flags, int sequence, int ack) {
        String remote = "198.51.100." + client;
        return fromClient
                ? Frame.tcp(remote, 40_000, "10.0.0.1", 80, flags).numbers(sequence, ack)
                : Frame.tcp("10.0.0.1", 80, remote, 40_000, flags).numbers(sequence, ack);
    }

    private void parse(Frame frame, boolean fromClient) {
        byte[] bytes = frame.bytes();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        tuple.of(packet, fromClient ? Direction.INGRESS : Direction.EGRESS);
    }

    /** Treats a segment as the engine does. */
    private Step send(FlowTable to, Frame frame, boolean fromClient) {
        parse(frame, fromClient);
        Flow known = to.find(tuple, nowNs);
        Direction direction = fromClient ? Direction.INGRESS : Direction.EGRESS;
        if (known == null) {
            int flags = packet.tcpFlags();
            if (TcpTracker.isOpening(flags) || picksUp && TcpTracker.isPlainAck(flags)) {
                TcpConnection opened = tracker.open(packet);
                to.insert(tuple, direction, tracker.timeout(false), nowNs, 7, 0, opened, null);
            }
            return Step.BAD_STATE;
        }
        boolean begins = direction == known.originalDirection();
        Step step = to.follow(known, tracker, packet, begins, nowNs);
        switch (step) {
            case RENEW, PASS -> {
                // The table has stored the connection.
            }
            case END -> to.remove(known, FlowEnd.Reason.RESET);
            case REOPEN -> {
                TcpConnection opened = tracker.open(packet);
                to.insert(tuple, direction, tracker.timeout(false), nowNs, 8, 0, opened, known);
            }
            case ASK_RULES -> to.rememberSyn(known, tracker, begins, nowNs % 2 == 0);
            case START_OVER -> to.startOver(known, tracker, direction, 9, nowNs);
            case BAD_STATE, BAD_WINDOW -> {
                // Nothing changes.
            }
        }
        return step;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void theRecoveredFlowsAreOldOrNew(long seed) {
        crash(seed);
    }

    /** Connections that are picked up, and SYNs of either side that open them again. */
    @ParameterizedTest
    @ValueSource(longs = {7, 8, 9})
    void soAreConnectionsThatArePickedUp(long seed) {
        picksUp = true;
        crash(seed);
        assertTrue(startedOver > 3, startedOver + " connections were opened by a SYN inside them");
    }

    private void crash(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        SplittableRandom subsets = random.split();
        new TableHeader(FLOWS, 1, 2, new java.util.UUID(0, 0), "", 0, 1, 0).writeTo(memory);
        int[] next = {1000, 1000, 1000, 1000, 1000};
        int[] peer = {9000, 9000, 9000, 9000, 9000};
        send(table, segment(0, true, 2, next[0]++, 0), true);
        send(table, segment(0, false, 18, peer[0]++, next[0]), false);
        send(table, segment(0, true, 16, next[0], peer[0]), true);
        boolean asked = false;
        int askedOf = 0;
        boolean askedByClient = false;
        for (int step = 0; step < STEPS; step++) {
            // Five clients, space for three flows.
            int client = random.nextInt(next.length);
            boolean fromClient = random.nextInt(2) == 0;
            // Either side may open a connection with an unknown opener.
            boolean opens = picksUp ? random.nextBoolean() : fromClient;
            boolean answers = asked && random.nextInt(4) > 0;
            if (answers) {
                client = askedOf;
                fromClient = !askedByClient;
            }
            int flags = answers
                    ? 18
                    : switch (random.nextInt(12)) {
                        case 0, 1 -> opens ? 2 : 18;
                        case 2 -> 17;
                        case 3 -> 4;
                        default -> 16;
                    };
            int length = flags == 16 ? random.nextInt(4) * 100 : 0;
            int own = (fromClient ? next : peer)[client];
            int other = (fromClient ? peer : next)[client];
            int sequence = own + (!answers && random.nextInt(6) == 0 ? random.nextInt(-2000, 2000) : 0);
            Frame frame = segment(client, fromClient, flags, sequence, other).payload(length);
            if (random.nextInt(3) == 0) {
                frame = frame.window(random.nextInt(0, 4000));
            }
            nowNs += random.nextInt(8) == 0 ? random.nextLong(20 * SECOND) : 1000;
            byte[] before = memory.toArray(ValueLayout.JAVA_BYTE);
            slab.restart();
            Step done = send(table, frame, fromClient);
            count(random, fromClient);
            startedOver += done == Step.START_OVER ? 1 : 0;
            asked = done == Step.ASK_RULES;
            askedOf = client;
            askedByClient = fromClient;
            if (done == Step.RENEW || done == Step.START_OVER || done == Step.ASK_RULES) {
                (fromClient ? next : peer)[client] = sequence + length + ((flags & 3) != 0 ? 1 : 0);
            }
            byte[] after = memory.toArray(ValueLayout.JAVA_BYTE);
            String where = "seed " + seed + ", step " + step + ": ";
            for (byte[] found : crashStates(before, subsets)) {
                check(where, before, after, found);
            }
        }
        assertTrue(crashes > 6_000, crashes + " crashes");
        assertTrue(mixes > 100, mixes + " mixes");
        assertTrue(carries > 40, carries + " carries");
    }

    /** Counts the segment, as if it had any size: many carry. */
    private void count(SplittableRandom random, boolean fromClient) {
        Flow flow = table.find(tuple, nowNs);
        if (flow != null) {
            int packets = random.nextInt(4) == 0 ? random.nextInt(1, 700) : 1;
            int bytes = random.nextInt(2) == 0 ? random.nextInt(1 << 19, 1 << 20) : random.nextInt(1, 1_600);
            long before = flow.bytes(fromClient ? Direction.INGRESS : Direction.EGRESS);
            table.count(flow.entry(), fromClient ? Direction.INGRESS : Direction.EGRESS, packets, bytes);
            carries += (before + bytes >>> 20) - (before >>> 20);
        }
    }

    /** Every content of the memory that a crash may leave. */
    private List<byte[]> crashStates(byte[] before, SplittableRandom random) {
        List<byte[]> states = new ArrayList<>();
        byte[] now = before.clone();
        states.add(now.clone());
        for (List<Store> group : slab.groups) {
            List<Store> plain = group.stream().filter(store -> !store.release).toList();
            int subsets = plain.size() <= ALL_SUBSETS ? 1 << plain.size() : SOME_SUBSETS;
            for (int i = 0; i < subsets; i++) {
                long subset = plain.size() <= ALL_SUBSETS ? i : random.nextLong();
                byte[] state = now.clone();
                for (int bit = 0; bit < plain.size(); bit++) {
                    if ((subset >>> bit & 1) != 0) {
                        apply(plain.get(bit), state);
                    }
                }
                states.add(state);
            }
            for (Store store : group) {
                apply(store, now);
                states.add(now.clone());
            }
        }
        return states;
    }

    private static void apply(Store store, byte[] memory) {
        MemorySegment.copy(store.bytes, ValueLayout.JAVA_BYTE, 0, memory, (int) store.at, (int) store.bytes.byteSize());
    }

    private FlowTable recovered(byte[] state) {
        MemorySegment copy = Arena.ofAuto().allocate(state.length, 128);
        MemorySegment.copy(state, 0, copy, ValueLayout.JAVA_BYTE, 0, state.length);
        FlowTable found = new FlowTable(new Slab(copy), 1, 2, FLOWS, TIMEOUTS, nowNs);
        Recovery recovery = found.recover(nowNs);
        assertEquals(0, recovery.damaged());
        return found;
    }

    private void check(String where, byte[] before, byte[] after, byte[] state) {
        crashes++;
        FlowTable found = recovered(state);
        FlowTable old = recovered(before);
        FlowTable next = recovered(after);
        for (int client = 0; client < 5; client++) {
            byte @Nullable [] oldEntry = entry(old, client);
            byte @Nullable [] nextEntry = entry(next, client);
            byte @Nullable [] foundEntry = entry(found, client);
            if (oldEntry != null && nextEntry != null && Arrays.equals(oldEntry, nextEntry)) {
                assertArrayEquals(oldEntry, foundEntry, where + "flow of client " + client + " is not concerned");
            } else if (foundEntry == null) {
                assertTrue(oldEntry == null || nextEntry == null, where + "a published flow is lost");
            } else if (!Arrays.equals(foundEntry, oldEntry) && !Arrays.equals(foundEntry, nextEntry)) {
                assertNotNull(oldEntry, where + "half a new flow");
                assertNotNull(nextEntry, where + "half an ended flow");
                mixes++;
                admitsNothingElse(where, client, old, next, found);
            }
            assertRecord(where + "client " + client + ": ", client, old, next, found);
        }
    }

    /** The entry but for its counts, which change on their own. */
    private byte @Nullable [] entry(FlowTable of, int client) {
        Flow flow = flow(of, client);
        if (flow == null) {
            return null;
        }
        byte[] bytes = flow.bytes();
        Arrays.fill(bytes, FlowLayout.INGRESS_COUNT, FlowLayout.INGRESS_COUNT + Integer.BYTES, (byte) 0);
        Arrays.fill(bytes, FlowLayout.EGRESS_COUNT, FlowLayout.EGRESS_COUNT + Integer.BYTES, (byte) 0);
        return bytes;
    }

    private @Nullable Flow flow(FlowTable of, int client) {
        parse(segment(client, true, 16, 0, 0), true);
        return of.find(tuple, nowNs);
    }

    /** The record is that of the flow that is found, and the segment is counted with all its packets and bytes or not at all. */
    private void assertRecord(String where, int client, FlowTable old, FlowTable next, FlowTable found) {
        Flow flow = flow(found, client);
        if (flow == null) {
            return;
        }
        List<Integer> rules = new ArrayList<>();
        Set<List<Object>> counts = new HashSet<>();
        for (FlowTable other : List.of(old, next)) {
            Flow same = flow(other, client);
            if (same != null && same.firstSeenNs() == flow.firstSeenNs()) {
                rules.add(same.rule());
                for (Direction direction : Direction.values()) {
                    counts.add(List.of(direction, counts(same, direction)));
                }
            } else if (other == old) {
                // The flow begins with this segment, which may be uncounted.
                for (Direction direction : Direction.values()) {
                    counts.add(List.of(direction, List.of(0L, 0L)));
                }
            }
        }
        assertTrue(rules.contains(flow.rule()), where + "rule " + flow.rule() + ", first seen " + flow.firstSeenNs());
        for (Direction direction : Direction.values()) {
            List<Long> counted = counts(flow, direction);
            assertTrue(
                    counts.contains(List.of(direction, counted)),
                    where + direction + ": packets and bytes " + counted + " are not of " + counts);
        }
    }

    private static List<Long> counts(Flow flow, Direction direction) {
        return List.of(flow.packets(direction), flow.bytes(direction));
    }

    /** Sends segments at every border of the three tables to each of them. */
    private void admitsNothingElse(String where, int client, FlowTable old, FlowTable next, FlowTable mix) {
        List<Integer> clients = new ArrayList<>();
        List<Integer> servers = new ArrayList<>();
        for (FlowTable each : List.of(old, next, mix)) {
            parse(segment(client, true, 16, 0, 0), true);
            Flow flow = each.find(tuple, nowNs);
            assertNotNull(flow);
            TcpConnection connection = new TcpConnection();
            flow.load(connection);
            boolean began = flow.originalDirection() == Direction.INGRESS;
            borders(connection.side(began), connection.side(!began), clients);
            borders(connection.side(!began), connection.side(began), servers);
        }
        for (int at : clients.stream().distinct().toList()) {
            probe(where, client, true, at, servers.getFirst(), old, next, mix);
            probe(where, client, false, servers.getFirst(), at, old, next, mix);
        }
        for (int at : servers.stream().distinct().toList()) {
            probe(where, client, false, at, clients.getFirst(), old, next, mix);
            probe(where, client, true, clients.getFirst(), at, old, next, mix);
        }
    }

    private static void borders(TcpSide side, TcpSide peer, List<Integer> into) {
        for (int at : new int[] {side.end, side.maxEnd, peer.maxAck, side.end - peer.maxWindow, side.end - 66_000}) {
            into.addAll(List.of(at - 1, at, at + 1));
        }
    }

    private void probe(
            String where,
            int client,
            boolean fromClient,
            int sequence,
            int ack,
            FlowTable old,
            FlowTable next,
            FlowTable mix) {
        for (int flags : new int[] {2, 4, 16, 17, 18, 20}) {
            Frame frame = segment(client, fromClient, flags, sequence, ack);
            String what = where + "flags " + flags + " seq " + sequence + " ack " + ack;
            int ofMix = weight(mix, frame, fromClient);
            int most = Math.max(weight(old, frame, fromClient), weight(next, frame, fromClient));
            assertTrue(ofMix <= most, what + ": passes, and neither before nor after");
        }
        parse(segment(client, fromClient, 16, sequence, ack), fromClient);
        boolean quoted = isInFlight(mix, sequence, fromClient);
        assertTrue(
                !quoted || isInFlight(old, sequence, fromClient) || isInFlight(next, sequence, fromClient),
                where + "an error that quotes " + sequence);
    }

    private boolean isInFlight(FlowTable of, int sequence, boolean fromClient) {
        Flow flow = of.find(tuple, nowNs);
        assertNotNull(flow);
        return tracker.isInFlight(flow, sequence, fromClient == (flow.originalDirection() == Direction.INGRESS));
    }

    /** 0: dropped; 1: passes; 2: passes and closes an open connection. */
    private int weight(FlowTable of, Frame frame, boolean fromClient) {
        parse(frame, fromClient);
        Flow flow = of.find(tuple, nowNs);
        assertNotNull(flow);
        TcpConnection.State before = flow.tcpState();
        Step step = tracker.follow(flow, packet, fromClient == (flow.originalDirection() == Direction.INGRESS));
        return switch (step) {
            case BAD_STATE, BAD_WINDOW -> 0;
            case END, REOPEN -> 2;
            case PASS, RENEW, ASK_RULES, START_OVER ->
                tracker.connection().state == TcpConnection.State.CLOSE && before != TcpConnection.State.CLOSE ? 2 : 1;
        };
    }
}
