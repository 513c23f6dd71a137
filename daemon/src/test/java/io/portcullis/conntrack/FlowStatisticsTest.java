package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class FlowStatisticsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int FLOWS = 4;

    private final TableHeader header = new TableHeader(FLOWS, 1, 2, new UUID(0, 0), "web0", 0, 1, 5);
    private final MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(FLOWS), FlowLayout.ENTRY_BYTES);
    private final FlowTable table = table(memory, header);
    private final List<String> ends = new ArrayList<>();

    private static FlowTable table(MemorySegment memory, TableHeader header) {
        header.writeTo(memory);
        return new FlowTable(memory, header, header.entries(), new FlowTimeouts(_ -> 30 * SECOND), SECOND);
    }

    private static Tuple tuple(int number) {
        Tuple tuple = new Tuple();
        tuple.outsideLow = number;
        tuple.insideLow = 0x0a000001;
        tuple.service = Tuple.service(IpProtocol.UDP, 0, 53);
        return tuple;
    }

    private Flow add(int number, long nowNs) {
        Flow flow = table.insert(tuple(number), Direction.INGRESS, Timeout.UDP, nowNs, 1, 0, null, null);
        assertNotNull(flow);
        return flow;
    }

    private FlowStatistics of(int number, long nowNs) {
        Flow flow = table.peek(tuple(number), nowNs);
        assertNotNull(flow);
        return flow.statistics(nowNs);
    }

    /** Four flows side by side, against plain counters; a count carries from its low bits to the high ones. */
    @Test
    void eachFlowCountsItsOwnPackets() {
        SplittableRandom random = new SplittableRandom(1);
        int[] entries = new int[FLOWS];
        long[][] packets = new long[FLOWS][2];
        long[][] bytes = new long[FLOWS][2];
        for (int i = 0; i < FLOWS; i++) {
            entries[i] = add(i, SECOND).entry();
        }
        for (int i = 0; i < 100_000; i++) {
            int flow = random.nextInt(FLOWS);
            Direction direction = random.nextInt(3) == 0 ? Direction.EGRESS : Direction.INGRESS;
            int count = random.nextInt(1, 50);
            int length = count * random.nextInt(60, 1514);
            table.count(entries[flow], direction, count, length);
            packets[flow][direction.ordinal()] += count;
            bytes[flow][direction.ordinal()] += length;
        }
        for (int i = 0; i < FLOWS; i++) {
            int in = Direction.INGRESS.ordinal();
            int out = Direction.EGRESS.ordinal();
            assertEquals(
                    new FlowStatistics(SECOND, packets[i][in], bytes[i][in], packets[i][out], bytes[i][out]),
                    of(i, 2 * SECOND));
        }
        assertEquals(FLOWS, packets.length);
    }

    @Test
    void theNextFlowOfAnEntryBeginsAtZero() {
        Flow first = add(1, SECOND);
        table.count(first.entry(), Direction.INGRESS, 70_000, 1 << 30);
        table.count(first.entry(), Direction.EGRESS, 70_000, 1 << 30);
        table.remove(first);
        add(1, 3 * SECOND);
        assertEquals(new FlowStatistics(2 * SECOND, 0, 0, 0, 0), of(1, 5 * SECOND));
    }

    @Test
    void theyOutliveTheProcess() {
        table.count(add(1, SECOND).entry(), Direction.INGRESS, 3, 200);
        FlowTable next =
                new FlowTable(memory, header, header.entries(), new FlowTimeouts(_ -> 30 * SECOND), 2 * SECOND);
        next.recover(2 * SECOND);
        Flow flow = next.peek(tuple(1), 4 * SECOND);
        assertNotNull(flow);
        assertEquals(new FlowStatistics(3 * SECOND, 3, 200, 0, 0), flow.statistics(4 * SECOND));
    }

    /** The table of the version before: entries without statistics behind them. */
    @Test
    void theTableOfTheVersionBeforeIsRead() throws Exception {
        add(1, SECOND);
        add(2, SECOND);
        MemorySegment old = Arena.ofAuto()
                .allocate(TableHeader.PAGE_BYTES + (long) FLOWS * FlowLayout.ENTRY_BYTES, FlowLayout.ENTRY_BYTES);
        old.copyFrom(memory.asSlice(0, old.byteSize()));
        old.set(ValueLayout.JAVA_INT, 8, 1);
        old.set(ValueLayout.JAVA_INT, 504, checksum(old));
        assertEquals(header, TableHeader.read(old));
        assertFalse(Slab.of(old).hasStatistics());
        assertEquals(FLOWS, Slab.of(old).capacity());
    }

    private static int checksum(MemorySegment memory) {
        java.util.zip.CRC32 sum = new java.util.zip.CRC32();
        sum.update(memory.asSlice(0, 504).toArray(ValueLayout.JAVA_BYTE));
        return (int) sum.getValue();
    }

    @Test
    void everyEndIsReportedWithItsCause() {
        table.listener((flow, why) -> ends.add(
                flow.outsideLow() + " " + why + " " + flow.statistics(SECOND).ingressPackets()));
        table.count(add(1, SECOND).entry(), Direction.INGRESS, 7, 700);
        Flow first = table.find(tuple(1), SECOND);
        assertNotNull(first);
        table.remove(first);
        for (int i = 2; i <= FLOWS + 2; i++) {
            add(i, SECOND);
        }
        Flow over = table.find(tuple(3), SECOND);
        assertNotNull(table.insert(tuple(3), Direction.INGRESS, Timeout.UDP, SECOND, 1, 0, null, over));
        while (table.expire(100 * SECOND, 100) == 100) {
            // Until nothing is due.
        }
        assertEquals(List.of("1 REMOVED 7", "2 EVICTED 0", "3 REPLACED 0"), ends.subList(0, 3));
        assertEquals(FLOWS, ends.stream().filter(end -> end.contains("EXPIRED")).count());
        assertEquals(FLOWS, table.ends(Flow.End.EXPIRED));
        assertEquals(1, table.ends(Flow.End.REPLACED));
    }
}
