package io.portcullis.conntrack.read;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.conntrack.Flow;
import io.portcullis.conntrack.FlowEnd;
import io.portcullis.conntrack.FlowLayout;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.conntrack.Timeout;
import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Tuple;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A reader on another thread sees whole flows only. */
final class FlowReaderTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int ENTRIES = 64;
    private static final int CLIENTS = 200;
    private static final int STEPS = 400_000;
    private static final int BYTES_A_PACKET = 100;

    private final TableHeader header = new TableHeader(ENTRIES, 1, 2, new UUID(0, 0), "", 0, 1, 0);
    private final MemorySegment memory = Arena.ofAuto().allocate(header.bytes(), FlowLayout.ENTRY_BYTES);
    private final FlowTable table = new FlowTable(memory, header, ENTRIES, new FlowTimeouts(_ -> 60 * SECOND), SECOND);
    private final FlowReader reader = new FlowReader(memory, table::used);

    private static Tuple tuple(int client) {
        Tuple tuple = new Tuple();
        tuple.outsideLow = client;
        tuple.insideLow = ~client & 0xffff_ffffL;
        tuple.service = Tuple.service(IpProtocol.UDP, 0, client << 16 | 443);
        return tuple;
    }

    /** The hash of the rule that admits a client's flow. */
    private static int rule(long client) {
        return (int) client * 31 + 7;
    }

    private Flow insert(int client, Direction direction, long nowNs) {
        Flow flow = table.insert(tuple(client), direction, Timeout.UDP, nowNs, rule(client), 0, null, null);
        return Objects.requireNonNull(flow);
    }

    @Test
    void aCopyHasEveryFieldOfItsFlow() {
        Flow flow = insert(5, Direction.EGRESS, 3 * SECOND);
        table.count(flow.entry(), Direction.INGRESS, 3_000, 3_000 * BYTES_A_PACKET);
        table.count(flow.entry(), Direction.EGRESS, 7, 7 * BYTES_A_PACKET);
        table.renew(flow, Timeout.UDP_STREAM, 5 * SECOND);
        int number = flow.number();
        List<String> read = new ArrayList<>();
        assertEquals(1, reader.read(15 * SECOND, copy -> {
            read.add(copy.outside() + ":" + copy.outsidePort() + " " + copy.inside() + ":" + copy.insidePort());
            assertEquals(IpProtocol.UDP, copy.protocol());
            assertEquals(Direction.EGRESS, copy.direction());
            assertEquals(Timeout.UDP_STREAM, copy.timeout());
            assertEquals(3 * SECOND, copy.firstSeenNs());
            assertEquals(10 * SECOND, copy.idleNs(15 * SECOND));
            assertEquals(50 * SECOND, copy.leftNs());
            assertEquals(rule(5), copy.rule());
            assertEquals(number, copy.number());
            assertEquals(3_000, copy.packets(Direction.INGRESS));
            assertEquals(3_000 * BYTES_A_PACKET, copy.bytes(Direction.INGRESS));
            assertEquals(7, copy.packets(Direction.EGRESS));
            assertEquals(7 * BYTES_A_PACKET, copy.bytes(Direction.EGRESS));
        }));
        assertEquals(List.of("0.0.0.5:5 255.255.255.250:443"), read);
    }

    @Test
    void aFlowThatIsOverIsNeitherReadNorCounted() {
        insert(1, Direction.INGRESS, SECOND);
        insert(2, Direction.INGRESS, 50 * SECOND);
        Set<Long> read = new HashSet<>();
        assertEquals(1, reader.read(62 * SECOND, copy -> read.add(copy.outsideLow())));
        assertEquals(Set.of(2L), read);
        assertEquals(1, reader.states(62 * SECOND)[Timeout.UDP.ordinal()]);
        // A longer timeout brings none back.
        table.configure(ENTRIES, new FlowTimeouts(_ -> 600 * SECOND), 62 * SECOND);
        assertEquals(1, reader.read(63 * SECOND, _ -> {}));
        assertEquals(2, reader.entries());
    }

    @Test
    void theCountsByStateAreRefreshedAfterSomeTime() {
        StateCounts counts = new StateCounts(List.of(reader, reader));
        int udp = Timeout.UDP.ordinal();
        insert(1, Direction.INGRESS, SECOND);
        assertEquals(2, counts.at(SECOND)[udp]);
        insert(2, Direction.INGRESS, 2 * SECOND);
        assertEquals(2, counts.at(10 * SECOND)[udp]);
        assertEquals(4, counts.at(11 * SECOND)[udp]);
    }

    /** Clients whose numbers, rules and counts depend on each other come and go; a mixture of two of them would show. */
    @Test
    void flowsThatChangeMeanwhileAreReadWhole() {
        CompletableFuture<Void> writer = CompletableFuture.runAsync(this::write);
        long read = 0;
        do {
            read += reader.read(SECOND, FlowReaderTest::check);
        } while (!writer.isDone());
        writer.join();
        read += reader.read(SECOND, FlowReaderTest::check);
        assertTrue(read > 0);
    }

    private static void check(FlowCopy copy) {
        assertEquals(copy.outsideLow(), ~copy.insideLow() & 0xffff_ffffL);
        assertEquals(copy.outsideLow(), copy.outsidePort());
        assertEquals(rule(copy.outsideLow()), copy.rule());
        for (Direction direction : Direction.values()) {
            assertEquals(BYTES_A_PACKET * copy.packets(direction), copy.bytes(direction));
        }
    }

    private void write() {
        SplittableRandom random = new SplittableRandom(1);
        for (int step = 0; step < STEPS; step++) {
            int client = random.nextInt(CLIENTS);
            Flow flow = table.find(tuple(client), SECOND);
            int what = random.nextInt(8);
            if (flow == null) {
                insertOrReplace(client, null);
            } else if (what == 0) {
                table.remove(flow, FlowEnd.Reason.FLUSHED);
            } else if (what == 1) {
                insertOrReplace(client, flow);
            } else {
                int packets = random.nextInt(1, 1_000);
                Direction direction = random.nextBoolean() ? Direction.INGRESS : Direction.EGRESS;
                table.count(flow.entry(), direction, packets, packets * BYTES_A_PACKET);
            }
        }
    }

    private void insertOrReplace(int client, @Nullable Flow replaced) {
        table.insert(tuple(client), Direction.INGRESS, Timeout.UDP, SECOND, rule(client), 0, null, replaced);
    }
}
