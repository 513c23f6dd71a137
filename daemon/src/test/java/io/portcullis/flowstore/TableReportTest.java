package io.portcullis.flowstore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** The report of a table that a worker is writing at the same time. */
final class TableReportTest {
    private static final long RENEWED_NS = 50_000;

    private static TableReport report(LongSupplier clock) throws TableHeader.UnknownTable {
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(4), Long.BYTES);
        TableHeader header = new TableHeader(4, 1, 2, new UUID(3, 4), "web0", 0, 1, 5);
        header.writeTo(memory);
        FlowTable table = new FlowTable(memory, header, 4, new FlowTimeouts(_ -> 1_000_000_000L), 0);
        Tuple tuple = new Tuple();
        tuple.service = Tuple.service(IpProtocol.UDP, 0, 0);
        tuple.outsideLow = 1;
        table.insert(tuple, Direction.INGRESS, Timeout.UDP, RENEWED_NS, 0, 0, null, null);
        return TableReport.of(memory, clock);
    }

    /** A report of many flows takes long, and packets pass during it. */
    @Test
    void anEntryThatChangesDuringTheReportIsNoDamage() throws TableHeader.UnknownTable {
        long[] timeNs = {RENEWED_NS - 1_000};
        TableReport report = report(() -> timeNs[0] += 500);
        assertEquals(List.of(), report.faults());
        assertEquals(1, report.flows());
    }

    @Test
    void anEntryFromTheFutureIsDamage() throws TableHeader.UnknownTable {
        TableReport report = report(() -> RENEWED_NS - 1_000);
        assertEquals(List.of("entry 0: its last packet is in the future"), report.faults());
        assertEquals(1, report.damaged());
        assertEquals(0, report.flows());
    }
}
