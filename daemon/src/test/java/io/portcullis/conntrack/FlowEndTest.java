package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Every flow that ends is reported once, with its reason and its last counts. */
final class FlowEndTest {
    private static final long SECOND = 1_000_000_000L;
    private static final FlowTimeouts TIMEOUTS = new FlowTimeouts(_ -> 30 * SECOND);
    private static final TableHeader HEADER = new TableHeader(3, 1, 2, new UUID(0, 0), "web0", 0, 1, 0);

    private final MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(HEADER.entries()), 128);
    private final List<String> ends = new ArrayList<>();

    private FlowTable table() {
        FlowTable table = new FlowTable(memory, HEADER, HEADER.entries(), TIMEOUTS, 0);
        table.onEnd((flow, why) -> ends.add(flow.outsideLow() + " " + why + " " + flow.packets(Direction.INGRESS) + "/"
                + flow.bytes(Direction.INGRESS) + " since " + flow.firstSeenNs()));
        return table;
    }

    private static Tuple tuple(int number) {
        Tuple tuple = new Tuple();
        tuple.outsideLow = number;
        tuple.service = Tuple.service(IpProtocol.UDP, 0, 53);
        return tuple;
    }

    private static Flow add(FlowTable table, int number, long nowNs) {
        Flow flow = table.insert(tuple(number), Direction.INGRESS, Timeout.UDP, nowNs, 7, 0, null, null);
        assertNotNull(flow);
        table.count(flow.entry(), Direction.INGRESS, 1, 100 + number);
        return flow;
    }

    @Test
    void anExpiredFlowIsReportedByWhoeverFindsItExpired() {
        HEADER.writeTo(memory);
        FlowTable table = table();
        add(table, 1, SECOND);
        add(table, 2, 2 * SECOND);
        assertNull(table.find(tuple(1), 31 * SECOND));
        assertEquals(List.of("1 EXPIRED 1/101 since 1000000000"), ends);
        table.expire(100 * SECOND, 10);
        assertEquals(List.of("1 EXPIRED 1/101 since 1000000000", "2 EXPIRED 1/102 since 2000000000"), ends);
    }

    @Test
    void aFullTableReportsWhatItEvicts() {
        HEADER.writeTo(memory);
        FlowTable table = table();
        for (int flow = 1; flow <= 4; flow++) {
            add(table, flow, flow);
        }
        assertEquals(List.of("1 EVICTED 1/101 since 1"), ends);
        table.expire(50 * SECOND, 10);
        assertEquals(4, ends.size());
    }

    @Test
    void aRemovedFlowIsReportedWithTheReasonOfItsRemoval() {
        HEADER.writeTo(memory);
        FlowTable table = table();
        table.remove(add(table, 1, 1), FlowEnd.Reason.REFUSED);
        table.remove(add(table, 2, 2), FlowEnd.Reason.RESET);
        assertEquals(List.of("1 REFUSED 1/101 since 1", "2 RESET 1/102 since 2"), ends);
    }

    /** The new flow begins with counts of its own. */
    @Test
    void aReplacedFlowIsReportedAsItWas() {
        HEADER.writeTo(memory);
        FlowTable table = table();
        Flow over = add(table, 1, 1);
        table.count(over.entry(), Direction.INGRESS, 2_000, 3 << 20);
        Flow next = table.insert(tuple(1), Direction.EGRESS, Timeout.UDP, 5, 8, 0, null, over);
        assertNotNull(next);
        assertEquals(List.of("1 REPLACED 2001/3145829 since 1"), ends);
        assertEquals(0, next.packets(Direction.INGRESS) + next.bytes(Direction.INGRESS));
        assertEquals(5, next.firstSeenNs());
        assertEquals(8, next.rule());
    }

    @Test
    void aRecoveryReportsWhatExpiredWhileNoProcessRan() {
        HEADER.writeTo(memory);
        FlowTable before = table();
        add(before, 1, SECOND);
        add(before, 2, 20 * SECOND);
        assertEquals(1, table().recover(40 * SECOND).flows());
        assertEquals(List.of("1 EXPIRED 1/101 since 1000000000"), ends);
    }
}
