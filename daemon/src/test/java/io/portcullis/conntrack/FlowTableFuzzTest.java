package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.portcullis.flowstore.TableReport;
import io.portcullis.net.Direction;
import io.portcullis.packet.Packet;
import io.portcullis.packet.SipHash;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import io.portcullis.testing.Mutations;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Any content of a table's file is either refused, or a table that works. An input is a byte of options (1: correct the header's
 * checksum, 2: correct the entries' hashes), then changes of a table with some flows: triples of a position (two bytes) and a
 * byte.
 */
@Tag("fuzz")
final class FlowTableFuzzTest {
    private static final int INPUTS = 12_000;
    private static final int ENTRIES = 8;
    private static final int FLOWS = 5;
    private static final long SECOND = 1_000_000_000L;
    private static final long NOW = 1_000 * SECOND;
    private static final FlowTimeouts TIMEOUTS = new FlowTimeouts(key -> 100 * SECOND);
    private static final int RIGHT_HEADER = 1;
    private static final int RIGHT_HASHES = 2;

    private final TcpTracker tracker = new TcpTracker();
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();

    private static TableHeader header() {
        return new TableHeader(ENTRIES, 1, 2, new UUID(3, 4), "web0", 0, 1, 7);
    }

    private static Frame frame(int flow, boolean fromClient, int flags) {
        String client = "198.51.100." + (flow + 1);
        String server = "10.0.0.1";
        return switch (flow % 3) {
            case 0 -> fromClient ? Frame.udp(client, 1000, server, 53) : Frame.udp(server, 53, client, 1000);
            case 1 -> fromClient ? Frame.ip(47, client, server) : Frame.ip(47, server, client);
            default ->
                fromClient
                        ? Frame.tcp(client, 1000, server, 80, flags).numbers(1001, 9001)
                        : Frame.tcp(server, 80, client, 1000, flags).numbers(9001, 1001);
        };
    }

    private void parse(Frame frame, boolean fromClient) {
        byte[] bytes = frame.bytes();
        packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length);
        tuple.of(packet, fromClient ? Direction.INGRESS : Direction.EGRESS);
    }

    private void touch(FlowTable table, int flow, boolean fromClient, int flags, long nowNs) {
        parse(frame(flow, fromClient, flags), fromClient);
        Flow known = table.find(tuple, nowNs);
        boolean tcp = flow % 3 == 2;
        if (known == null) {
            Timeout timeout = tcp ? Timeout.TCP_SYN_SENT : flow % 3 == 0 ? Timeout.UDP : Timeout.OTHER;
            TcpConnection opened = tcp ? tracker.open(packet) : null;
            table.insert(tuple, fromClient ? Direction.INGRESS : Direction.EGRESS, timeout, nowNs, 1, 0, opened, null);
            return;
        }
        boolean begins = known.originalDirection() == Direction.INGRESS == fromClient;
        if (!tcp) {
            table.renew(known, flow % 3 == 0 ? UdpTracker.follow(known, begins) : Timeout.OTHER, nowNs);
            return;
        }
        switch (table.follow(known, tracker, packet, begins, nowNs)) {
            case RENEW, PASS -> {
                // The table has stored the connection.
            }
            case END -> table.remove(known, FlowEnd.Reason.RESET);
            case REOPEN, ASK_RULES, START_OVER, BAD_STATE, BAD_WINDOW -> tracker.isInFlight(known, 1001, begins);
        }
    }

    private MemorySegment written() {
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(ENTRIES), 128);
        header().writeTo(memory);
        FlowTable table = new FlowTable(memory, header(), ENTRIES, TIMEOUTS, NOW);
        for (int flow = 0; flow < FLOWS; flow++) {
            touch(table, flow, true, 2, NOW);
            touch(table, flow, false, 18, NOW);
            touch(table, flow, true, 16, NOW);
        }
        return memory;
    }

    /** True: the bytes were a table. */
    private boolean check(byte[] input) {
        MemorySegment memory = written();
        for (int i = 1; i + 2 < input.length; i += 3) {
            long at = ((input[i] & 0xff) << 8 | input[i + 1] & 0xff) % memory.byteSize();
            memory.set(ValueLayout.JAVA_BYTE, at, input[i + 2]);
        }
        int switches = input.length == 0 ? 0 : input[0];
        if ((switches & RIGHT_HEADER) != 0) {
            header().writeTo(memory);
        }
        Slab slab = new Slab(memory);
        if ((switches & RIGHT_HASHES) != 0) {
            for (int entry = 0; entry < ENTRIES; entry++) {
                slab.putInt(Slab.offset(entry), EntryCheck.hash(slab, new SipHash(1, 2), entry));
            }
        }
        try {
            TableHeader read = TableHeader.read(memory);
            use(memory, read);
            return true;
        } catch (TableHeader.UnknownTable refused) {
            assertTrue(refused.getMessage() != null && !refused.getMessage().isBlank());
            return false;
        }
    }

    private void use(MemorySegment memory, TableHeader read) throws TableHeader.UnknownTable {
        TableReport report = TableReport.of(memory, () -> NOW);
        FlowTable table = new FlowTable(memory, read, ENTRIES, TIMEOUTS, NOW);
        Recovery recovery = table.recover(NOW);
        assertEquals(recovery.flows(), table.size());
        assertTrue(recovery.flows() + recovery.expired() + recovery.damaged() <= ENTRIES);
        assertTrue(report.halfWritten() || report.damaged() <= recovery.damaged() + recovery.expired());
        FlowTable again = new FlowTable(memory, read, ENTRIES, TIMEOUTS, NOW);
        assertEquals(new Recovery(table.size(), 0, 0, false), again.recover(NOW), "what was kept is whole");
        again.relearn();
        for (int flow = 0; flow < 3 * ENTRIES; flow++) {
            long nowNs = NOW + flow * SECOND;
            touch(again, flow % (2 * ENTRIES), true, 16, nowNs);
            touch(again, flow % (2 * ENTRIES), false, 16, nowNs);
            touch(again, flow % (2 * ENTRIES), flow % 2 == 0, 4, nowNs);
            assertTrue(again.size() <= ENTRIES);
        }
        again.expire(NOW + 10_000 * SECOND, Integer.MAX_VALUE);
        assertEquals(0, again.size());
        for (int flow = 0; flow < ENTRIES; flow++) {
            parse(frame(flow, true, 2), true);
            assertNotNull(again.insert(tuple, Direction.INGRESS, Timeout.UDP, NOW + 10_001 * SECOND, 1, 0, null, null));
        }
        assertEquals(ENTRIES, again.size());
    }

    @MethodSource("seeds")
    @FuzzTest(maxDuration = "")
    void table(byte[] input) {
        check(input);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2})
    void mutations(long seed) {
        int[] tables = new int[1];
        Mutations.run(seed, INPUTS, seeds(), input -> tables[0] += check(input) ? 1 : 0);
        assertTrue(tables[0] > INPUTS / 3, "hardly a table among them: " + tables[0]);
    }

    static List<byte[]> seeds() {
        List<byte[]> seeds = new ArrayList<>(List.of(new byte[0], new byte[] {0}, new byte[] {RIGHT_HEADER}));
        int[] places = {
            8, 16, 504, TableHeader.UNDO_ENTRY, TableHeader.UNDO_IMAGE, TableHeader.UNDO_IMAGE + FlowLayout.SEEN
        };
        for (int place : places) {
            seeds.add(new byte[] {0, (byte) (place >>> 8), (byte) place, 1});
        }
        for (int entry = 0; entry < FLOWS; entry++) {
            for (int field : Stream.of(
                            0,
                            FlowLayout.SERVICE + 4,
                            FlowLayout.FLAGS,
                            FlowLayout.FLAGS + 1,
                            FlowLayout.SEEN,
                            FlowLayout.ORIGINATOR,
                            FlowLayout.LAST,
                            FlowLayout.LAST + 7)
                    .toList()) {
                long at = Slab.offset(entry) + field;
                byte[] seed = {RIGHT_HEADER | RIGHT_HASHES, (byte) (at >>> 8), (byte) at, (byte) 0x5a};
                seeds.add(seed);
            }
        }
        return seeds;
    }
}
