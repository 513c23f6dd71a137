package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.portcullis.flowstore.TableMove;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.AddressPair;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The recovery of a table by the next process. */
final class RecoveryTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int GRE = 47;
    private static final FlowTimeouts TIMEOUTS =
            new FlowTimeouts(key -> key.equals("udp") ? 30 * SECOND : 600 * SECOND);

    private static TableHeader header(int entries, int worker, int workers) {
        return new TableHeader(entries, 11 + worker, 12, new UUID(1, 2), "web0", worker, workers, 5);
    }

    private static MemorySegment memory(TableHeader header) {
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(header.entries()), 128);
        header.writeTo(memory);
        return memory;
    }

    private static FlowTable table(MemorySegment memory, TableHeader header, long nowNs) {
        return new FlowTable(memory, header, header.entries(), TIMEOUTS, nowNs);
    }

    private static Tuple tuple(int number) {
        Tuple tuple = new Tuple();
        tuple.outsideLow = number;
        tuple.insideLow = 0x0a000001;
        tuple.service = Tuple.service(IpProtocol.UDP, 0, 53);
        return tuple;
    }

    /** A flow of a protocol whose flows are never evicted after both sides have sent. */
    private static Flow addTunnel(FlowTable table, int number, long nowNs) {
        Tuple tuple = tuple(number);
        tuple.service = Tuple.service(GRE, 0, 0);
        Flow flow = table.insert(tuple, Direction.EGRESS, Timeout.OTHER, nowNs, 77, 0, null, null);
        assertNotNull(flow);
        return flow;
    }

    private static Flow add(FlowTable table, int number, Timeout timeout, long nowNs) {
        Flow flow = table.insert(tuple(number), Direction.EGRESS, timeout, nowNs, 77, 0, null, null);
        assertNotNull(flow);
        return flow;
    }

    private static @Nullable Flow find(FlowTable table, int number, long nowNs) {
        return table.find(tuple(number), nowNs);
    }

    @Test
    void flowsGoOnWithAllThatIsKnownOfThem() {
        TableHeader header = header(4, 0, 1);
        MemorySegment memory = memory(header);
        FlowTable before = table(memory, header, 0);
        before.replied(add(before, 1, Timeout.UDP, SECOND));
        add(before, 2, Timeout.UDP_STREAM, 2 * SECOND);
        add(before, 3, Timeout.UDP, 0);

        FlowTable after = table(memory, header, 30 * SECOND);
        assertEquals(new Recovery(2, 1, 0, false), after.recover(30 * SECOND), "one has expired");
        Flow flow = find(after, 1, 30 * SECOND);
        assertNotNull(flow);
        assertTrue(flow.isReplied());
        assertEquals(Direction.EGRESS, flow.originalDirection());
        assertEquals(77, flow.rule());
        assertEquals(29 * SECOND, flow.idleNs(30 * SECOND));
        assertFalse(flow.isAnswered(), "what today's rules say was not asked yet");
        assertNull(find(after, 1, 31 * SECOND), "the time without a process counts");
        assertNotNull(find(after, 2, 31 * SECOND));
    }

    @Test
    void theOldestUnrepliedIsEvictedAsBefore() {
        TableHeader header = header(3, 0, 1);
        MemorySegment memory = memory(header);
        FlowTable before = table(memory, header, 0);
        add(before, 1, Timeout.UDP_STREAM, 0);
        before.remove(add(before, 2, Timeout.UDP_STREAM, 0), FlowEnd.Reason.REFUSED);
        add(before, 3, Timeout.UDP_STREAM, 0);
        // Uses the free entry: older by its entry, younger by its creation.
        add(before, 4, Timeout.UDP_STREAM, 0);
        before.renew(add(before, 5, Timeout.UDP_STREAM, 0), Timeout.UDP_STREAM, SECOND);
        assertNull(find(before, 1, SECOND));

        FlowTable after = table(memory, header, SECOND);
        after.recover(SECOND);
        for (int number : new int[] {3, 4, 5}) {
            assertNotNull(find(after, number, SECOND));
            add(after, 10 + number, Timeout.UDP_STREAM, SECOND);
            assertNull(find(after, number, SECOND), number + " was the oldest");
        }
    }

    /** Each class has its flows in the order of creation, also flows that changed their class. */
    @Test
    void theClassesAndTheirOrderAreFoundAgain() {
        TableHeader header = header(6, 0, 1);
        MemorySegment memory = memory(header);
        FlowTable before = table(memory, header, 0);
        addTunnel(before, 1, 0);
        add(before, 2, Timeout.UDP, 0);
        add(before, 3, Timeout.UDP, 0);
        add(before, 4, Timeout.UDP, 0);
        before.replied(addTunnel(before, 5, 0));
        add(before, 6, Timeout.UDP, 0);
        before.replied(java.util.Objects.requireNonNull(find(before, 4, 0)));
        before.replied(java.util.Objects.requireNonNull(find(before, 2, 0)));

        FlowTable after = table(memory, header, SECOND);
        after.recover(SECOND);
        int[] madeRoom = {0, 3, 6, 2, 4};
        for (int i = 0; i < madeRoom.length; i++) {
            after.replied(addTunnel(after, 100 + i, SECOND));
            if (i > 0) {
                assertNull(find(after, madeRoom[i], SECOND), madeRoom[i] + " is the next");
            }
            for (int left = i + 1; left < madeRoom.length; left++) {
                assertNotNull(find(after, madeRoom[left], SECOND), madeRoom[left] + " comes later than " + madeRoom[i]);
            }
        }
        assertEquals(1, after.evictions(EvictionClass.UNREPLIED, Timeout.OTHER));
        assertEquals(2, after.evictions(EvictionClass.UNREPLIED, Timeout.UDP));
        assertEquals(2, after.evictions(EvictionClass.UNASSURED, Timeout.UDP));
        Tuple another = tuple(1000);
        assertNull(after.insert(another, Direction.EGRESS, Timeout.UDP, SECOND, 1, 0, null, null), "all are spared");
    }

    /** A flow that was over by the old process's timeouts stays over with any timeouts of the next process. */
    @Test
    void longerTimeoutsOfTheNextProcessBringNothingBack() {
        TableHeader header = header(4, 0, 1);
        MemorySegment memory = memory(header);
        FlowTable before = table(memory, header, 0);
        add(before, 1, Timeout.UDP, 0);
        add(before, 2, Timeout.UDP, 10 * SECOND);
        FlowTimeouts longer = new FlowTimeouts(_ -> 1_000 * SECOND);

        // A copy for the move, which must not see the changes of the recovery.
        MemorySegment copy = memory(header).copyFrom(memory);
        FlowTable moved = new FlowTable(memory, header, header.entries(), longer, 30 * SECOND);
        assertEquals(new Recovery(1, 1, 0, false), moved.recover(30 * SECOND));
        assertNotNull(find(moved, 2, 500 * SECOND), "the longer ones hold for what was not over");

        TableHeader wider = header(8, 0, 1);
        TableMove.Table target = new TableMove.Table(wider, memory(wider));
        assertEquals(0, TableMove.copy(List.of(new TableMove.Table(header, copy)), List.of(target), 30 * SECOND));
        FlowTable resized = new FlowTable(target.memory(), wider, wider.entries(), longer, 30 * SECOND);
        assertEquals(new Recovery(1, 0, 0, false), resized.recover(30 * SECOND));
    }

    /** One reload ends the flow, the next makes timeouts longer, and the process ends before the table checks the flow. */
    @Test
    void aFlowThatAReloadEndedIsNotBackAfterACrash() {
        TableHeader header = header(4, 0, 1);
        MemorySegment memory = memory(header);
        FlowTable before = table(memory, header, 0);
        add(before, 1, Timeout.UDP, 0);
        add(before, 2, Timeout.UDP, 15 * SECOND);
        FlowTimeouts shorter = new FlowTimeouts(_ -> 10 * SECOND);
        FlowTimeouts longer = new FlowTimeouts(_ -> 1_000 * SECOND);
        before.configure(4, shorter, 20 * SECOND);
        before.configure(4, longer, 20 * SECOND);
        FlowTable after = new FlowTable(memory, header, header.entries(), longer, 21 * SECOND);
        assertEquals(new Recovery(1, 1, 0, false), after.recover(21 * SECOND));
        assertNotNull(find(after, 2, 21 * SECOND));
        // The recovery has written the timeouts anew, without the times of the reloads.
        FlowTable last = new FlowTable(memory, header, header.entries(), longer, 22 * SECOND);
        assertEquals(new Recovery(1, 0, 0, false), last.recover(22 * SECOND));
    }

    /** A table of a version that wrote no timeouts, or with a damaged header page. */
    @Test
    void timeoutsThatNobodyCanHaveWrittenDownEndNothing() {
        TableHeader header = header(4, 0, 1);
        for (long word : new long[] {0, -1, Long.MIN_VALUE, (50 * SECOND << 4) | 1}) {
            MemorySegment memory = memory(header);
            add(table(memory, header, 0), 1, Timeout.UDP, 0);
            Slab slab = new Slab(memory);
            for (int i = 0; i < 16; i++) {
                slab.putLong(TableHeader.TIMEOUTS + 8L * i, Math.min(word, 0));
                slab.putLong(TableHeader.GONE + 8L * i, word);
            }
            FlowTable after = table(memory, header, 29 * SECOND);
            assertEquals(new Recovery(1, 0, 0, false), after.recover(29 * SECOND), Long.toHexString(word));
        }
    }

    @Test
    void everyPlaceIsUsedAgain() {
        TableHeader header = header(100, 0, 1);
        MemorySegment memory = memory(header);
        FlowTable before = table(memory, header, 0);
        for (int i = 0; i < 100; i++) {
            before.replied(addTunnel(before, i, 0));
        }
        for (int i = 0; i < 100; i += 3) {
            Tuple tuple = tuple(i);
            tuple.service = Tuple.service(GRE, 0, 0);
            before.remove(java.util.Objects.requireNonNull(before.find(tuple, 0)), FlowEnd.Reason.REFUSED);
        }
        FlowTable after = table(memory, header, SECOND);
        assertEquals(66, after.recover(SECOND).flows());
        for (int i = 0; i < 34; i++) {
            after.replied(addTunnel(after, 1000 + i, SECOND));
        }
        assertNull(after.insert(tuple(5000), Direction.EGRESS, Timeout.UDP, SECOND, 1, 0, null, null), "full");
        assertEquals(100, after.size());
    }

    @Test
    void aFileThatIsNoTableOfThisVersionIsRefusedByName() throws Exception {
        TableHeader header = header(4, 2, 3);
        assertEquals(header, TableHeader.read(memory(header)));
        assertRefused(memory -> memory.set(ValueLayout.JAVA_BYTE, 0, (byte) 'X'), "not a flow table");
        assertRefused(memory -> memory.set(ValueLayout.JAVA_INT, 8, 3), "version 3");
        assertRefused(memory -> memory.set(ValueLayout.JAVA_INT, 8, 0), "version 0");
        assertRefused(memory -> memory.set(ValueLayout.JAVA_INT, 8, 1), "checksum");
        assertRefused(memory -> memory.set(ValueLayout.JAVA_BYTE, 100, (byte) 1), "checksum");
        assertRefused(memory -> memory.set(ValueLayout.JAVA_LONG, 24, 99), "checksum");
        assertThrows(
                TableHeader.UnknownTable.class,
                () -> TableHeader.read(Arena.ofAuto().allocate(10)));
        MemorySegment cut = memory(header).asSlice(0, TableHeader.bytes(3));
        assertThrows(TableHeader.UnknownTable.class, () -> TableHeader.read(cut));
    }

    private static void assertRefused(java.util.function.Consumer<MemorySegment> damage, String why) {
        MemorySegment memory = memory(header(4, 0, 1));
        damage.accept(memory);
        TableHeader.UnknownTable refused = assertThrows(TableHeader.UnknownTable.class, () -> TableHeader.read(memory));
        assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
    }

    @Test
    void flowsMoveToTheWorkersThatTheyBelongTo() {
        TableHeader one = header(300, 0, 1);
        MemorySegment from = memory(one);
        FlowTable before = table(from, one, 0);
        for (int i = 0; i < 300; i++) {
            Flow flow = add(before, i, Timeout.UDP_STREAM, 0);
            if (i % 2 == 0) {
                before.replied(flow);
            }
        }
        List<TableMove.Table> targets = new ArrayList<>();
        for (int worker = 0; worker < 3; worker++) {
            TableHeader header = header(90, worker, 3);
            targets.add(new TableMove.Table(header, memory(header)));
        }
        int left = TableMove.copy(List.of(new TableMove.Table(one, from)), targets, SECOND);
        int kept = 0;
        for (TableMove.Table target : targets) {
            FlowTable table = table(target.memory(), target.header(), SECOND);
            Recovery recovery = table.recover(SECOND);
            assertEquals(0, recovery.damaged());
            kept += recovery.flows();
            for (int i = 0; i < 300; i++) {
                boolean home = AddressPair.worker(AddressPair.hash(5, 0, i, 0, 0x0a000001), 3)
                        == target.header().worker();
                boolean found = find(table, i, SECOND) != null;
                assertTrue(home || !found, i + " is another's");
                assertTrue(found || !home || i % 2 != 0, i + " has seen both sides, and is lost");
            }
        }
        assertEquals(300, kept + left);
        assertTrue(left >= 30, left + " of 300 have no room among 270");
    }

    @Test
    void aMillionFlowsTakeTheStatedTimeAndNoHeapAfterwards() {
        int flows = 1_000_000;
        TableHeader header = header(flows, 0, 1);
        MemorySegment memory = memory(header);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        FlowTable table = table(memory, header, 0);
        long derived = threads.getCurrentThreadAllocatedBytes() - before;
        assertTrue(FlowTable.DERIVED_BYTES <= 35);
        assertTrue(derived <= 35L * flows + 200_000, derived + " bytes of heap for " + flows + " flows");
        Tuple tuple = tuple(0);
        before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < flows; i++) {
            tuple.outsideLow = i;
            tuple.hash = 0;
            assertNotNull(table.insert(tuple, Direction.INGRESS, Timeout.UDP, i, 1, 0, null, null));
        }
        for (int looked = 1; looked > 0; ) {
            looked = table.expire(100 * SECOND, 1000);
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(0, table.size());
        // Not by the table: the JIT allocates while it replaces running loops.
        assertTrue(allocated < flows / 10, allocated + " bytes of heap for " + flows + " flows that came and went");
    }
}
