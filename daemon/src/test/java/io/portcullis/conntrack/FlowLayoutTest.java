package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.net.Direction;
import io.portcullis.net.IpProtocol;
import io.portcullis.packet.Packet;
import io.portcullis.packet.Tuple;
import io.portcullis.testing.Frame;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The layout of an entry for another program, which has only the memory and {@link FlowLayout}. */
final class FlowLayoutTest {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long SECOND = 1_000_000_000L;

    /** A call that reads or writes the memory of a table at an offset with digits in it. */
    private static final Pattern BARE_OFFSET =
            Pattern.compile("\\b(?:get|put)(?:Int|Long)(?:Release)?\\([^;,]*\\+ \\d");

    /** A call that reads or writes an entry, and its offset from the begin. */
    private static final Pattern ACCESS = Pattern.compile("\\b(?:get|put)(?:Int|Long)(?:Release)?\\((?:slab, )?"
            + "(?:Slab\\.offset\\(\\w+\\)|(?:\\w+\\.)?recordOffset\\([\\w.]+\\)|at|\\w+\\.at|record) \\+ ([^,)]+)");

    /** A slab that records where it is written. */
    private static final class Recording extends Slab {
        private final Set<List<Integer>> ranges = new HashSet<>();
        private final Set<List<Integer>> records = new HashSet<>();

        Recording(MemorySegment memory) {
            super(memory);
        }

        private void note(long at, int length) {
            if (at >= recordOffset(0)) {
                records.add(List.of((int) ((at - recordOffset(0)) % FlowLayout.RECORD_BYTES), length));
            } else if (at >= TableHeader.PAGE_BYTES) {
                int offset = (int) ((at - TableHeader.PAGE_BYTES) % FlowLayout.ENTRY_BYTES);
                ranges.add(List.of(offset, length));
            }
        }

        @Override
        public void putInt(long at, int value) {
            note(at, Integer.BYTES);
            super.putInt(at, value);
        }

        @Override
        public void putLong(long at, long value) {
            note(at, Long.BYTES);
            super.putLong(at, value);
        }

        @Override
        public void putIntRelease(long at, int value) {
            note(at, Integer.BYTES);
            super.putIntRelease(at, value);
        }
    }

    private final TableHeader header = new TableHeader(2, 1, 2, new UUID(0, 0), "", 0, 1, 0);
    private final MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(2), FlowLayout.ENTRY_BYTES);
    private final Recording slab = new Recording(memory);
    private final FlowTable table =
            new FlowTable(slab, header.key0(), header.key1(), 2, new FlowTimeouts(_ -> 60 * SECOND), 0);
    private final TcpTracker tracker = new TcpTracker();
    private final Packet packet = new Packet();
    private final Tuple tuple = new Tuple();

    /** The fields follow each other without a gap and without an overlap, from the first byte to the last. */
    @Test
    void theFieldsFillEntryAndRecord() {
        assertFill(FlowLayout.ENTRY_BYTES, FlowLayout.FIELDS);
        assertFill(FlowLayout.RECORD_BYTES, FlowLayout.RECORD_FIELDS);
        assertEquals(
                FlowLayout.FIELDS.size() + FlowLayout.RECORD_FIELDS.size(),
                Stream.concat(FlowLayout.FIELDS.stream(), FlowLayout.RECORD_FIELDS.stream())
                        .map(FlowLayout.Field::name)
                        .distinct()
                        .count());
    }

    private static void assertFill(int bytes, List<FlowLayout.Field> fields) {
        int next = 0;
        for (FlowLayout.Field field : fields) {
            assertEquals(next, field.offset(), field.name());
            next += field.length();
        }
        assertEquals(bytes, next);
    }

    @Test
    void recordsFollowTheEntries() {
        assertEquals(Slab.offset(2), slab.recordOffset(0));
        assertEquals(TableHeader.bytes(2), slab.recordOffset(2));
        assertEquals(0, slab.recordOffset(0) % FlowLayout.RECORD_BYTES);
        assertEquals(2, slab.capacity());
    }

    @Test
    void theFlagsFillTheirWord() {
        int[] parts = {
            FlowLayout.KEY_FLAGS,
            FlowLayout.BEGAN_INSIDE,
            FlowLayout.FAILSAFE,
            FlowLayout.REPLIED,
            FlowLayout.UDP_PHASE_MASK,
            FlowLayout.TCP_STATE_MASK,
            FlowLayout.SIDE_MASK << FlowLayout.ORIGINATOR_SHIFT,
            FlowLayout.SIDE_MASK << FlowLayout.RESPONDER_SHIFT,
            FlowLayout.SYN_BY_FAILSAFE
        };
        int all = 0;
        for (int part : parts) {
            assertEquals(0, all & part, Integer.toHexString(part));
            all |= part;
        }
        assertEquals(-1, all);
        assertTrue(Timeout.values().length <= 1 << FlowLayout.TIMEOUT_BITS);
        assertTrue(TcpConnection.State.values().length <= FlowLayout.TCP_STATE_MASK >>> FlowLayout.TCP_STATE_SHIFT);
    }

    private Flow send(boolean fromClient, int flags, int sequence, int ack, int payload, long nowNs) {
        byte[] bytes = (fromClient
                        ? Frame.tcp("198.51.100.7", 40_000, "10.0.0.1", 80, flags)
                        : Frame.tcp("10.0.0.1", 80, "198.51.100.7", 40_000, flags))
                .numbers(sequence, ack)
                .window(4_000)
                .payload(payload)
                .bytes();
        assertEquals(Packet.Fault.NONE, packet.parse(MemorySegment.ofArray(bytes), 0, bytes.length));
        tuple.of(packet, fromClient ? Direction.INGRESS : Direction.EGRESS);
        Flow flow = table.find(tuple, nowNs);
        if (flow == null) {
            TcpConnection opened = tracker.open(packet);
            flow = table.insert(tuple, Direction.INGRESS, tracker.timeout(false), nowNs, 7, 0, opened, null);
            assertNotNull(flow);
        } else {
            table.follow(flow, tracker, packet, fromClient, nowNs);
        }
        return flow;
    }

    private void handshake() {
        send(true, 2, 1_000, 0, 0, 1);
        send(false, 18, 9_000, 1_001, 0, 2);
        send(true, 16, 1_001, 9_001, 0, 3);
        send(true, 16, 1_001, 9_001, 100, 4);
        send(false, 16, 9_001, 1_101, 300, 5);
    }

    /** Reads a field by its offset and length alone. */
    private long read(String name) {
        return read(Slab.offset(0), FlowLayout.FIELDS, name);
    }

    private long readRecord(String name) {
        return read(TableHeader.PAGE_BYTES + 2L * FlowLayout.ENTRY_BYTES, FlowLayout.RECORD_FIELDS, name);
    }

    private long read(long from, List<FlowLayout.Field> fields, String name) {
        FlowLayout.Field field = fields.stream()
                .filter(other -> other.name().equals(name))
                .findFirst()
                .orElseThrow();
        long at = from + field.offset();
        return switch (field.length()) {
            case 1 -> memory.get(ValueLayout.JAVA_BYTE, at);
            case 2 -> Short.toUnsignedLong(memory.get(SHORT, at));
            case 3 -> memory.get(INT, at) & 0xff_ffff;
            case 4 -> Integer.toUnsignedLong(memory.get(INT, at));
            default -> memory.get(LONG, at);
        };
    }

    @Test
    void anotherProgramReadsAConnectionByTheLayout() {
        handshake();
        assertEquals(0xc633_6407L, read("outside-low"));
        assertEquals(0x0a00_0001L, read("inside-low"));
        assertEquals(40_000L << 16 | 80, read("selector"));
        assertEquals(IpProtocol.TCP, read("protocol"));
        assertEquals(0, read("vlans"));
        assertEquals(1, readRecord("created"));
        assertEquals(7, readRecord("rule"));
        assertEquals(1, readRecord("first-seen"));
        assertEquals(Integer.toUnsignedLong(tuple.hash), read("commit"));
        assertEquals(5L << FlowLayout.TIMEOUT_BITS | Timeout.TCP_ESTABLISHED.ordinal(), read("seen"));
        int flags = (int) read("flags");
        assertEquals(FlowLayout.REPLIED, flags & (FlowLayout.KEY_FLAGS | FlowLayout.REPLIED | FlowLayout.BEGAN_INSIDE));
        assertEquals(
                TcpConnection.State.ESTABLISHED.ordinal(),
                (flags & FlowLayout.TCP_STATE_MASK) >>> FlowLayout.TCP_STATE_SHIFT);
        assertEquals(1_101, read("originator-end"));
        assertEquals(1_101 + 4_000, read("originator-max-end"));
        assertEquals(4_000, read("originator-max-window"));
        assertEquals(9_001, read("originator-max-ack"));
        assertEquals(9_301, read("responder-end"));
        assertEquals(9_001 + 4_000, read("responder-max-end"));
        assertEquals(4_000, read("responder-max-window"));
        assertEquals(1_101, read("responder-max-ack"));
        assertEquals(1_000, read("originator-start"));
        assertEquals(9_000, read("responder-start"));
        assertEquals(9_301, read("last-end"));
        assertEquals(4_000, read("last-window"));
        assertEquals(9_001, read("last-sequence"));
        assertEquals(1_101, read("last-ack"));

        send(true, 2, 50_000, 0, 0, 6);
        assertEquals(50_000, read("pending-sequence"));
        assertEquals(4_000, read("pending-window"));
        assertEquals(1, read("pending-length"));
        assertTrue((read("connection-bits") & TcpConnection.SYN_PENDING) != 0);

        table.count(0, Direction.INGRESS, 5, 700);
        table.count(0, Direction.EGRESS, 1_025, (1 << 20) + 3);
        assertEquals(5 | 700 << 11, read("ingress-count"));
        assertEquals(0, readRecord("ingress-packets-high") | readRecord("ingress-bytes-high"));
        assertEquals(1 | 1 << 10 | 3 << 11 | 1L << 31, read("egress-count"));
        assertEquals(1, readRecord("egress-packets-high"));
        assertEquals(1, readRecord("egress-bytes-high"));
    }

    /** Each store of a table covers whole fields. */
    @Test
    void everyStoreIsOfWholeFields() {
        handshake();
        table.rememberSyn(send(true, 2, 50_000, 0, 0, 6), tracker, true, true);
        table.startOver(send(false, 18, 70_000, 50_001, 0, 7), tracker, Direction.EGRESS, 8, 7);
        table.relearn();
        table.count(0, Direction.INGRESS, 2_000, 3 << 20);
        table.count(0, Direction.EGRESS, 1, 1);
        table.remove(send(true, 16, 50_001, 70_001, 0, 8), FlowEnd.Reason.RESET);
        Tuple udp = new Tuple();
        udp.service = Tuple.service(IpProtocol.UDP, 0x123456, 53);
        Flow flow = table.insert(udp, Direction.EGRESS, Timeout.UDP, 9, 1, 0, null, null);
        assertNotNull(flow);
        UdpTracker.follow(flow, false);
        table.replied(flow);
        table.renew(flow, Timeout.UDP_STREAM, 10);
        assertWhole(slab.ranges, FlowLayout.FIELDS);
        assertWhole(slab.records, FlowLayout.RECORD_FIELDS);
    }

    private static void assertWhole(Set<List<Integer>> ranges, List<FlowLayout.Field> fields) {
        assertFalse(ranges.isEmpty());
        for (List<Integer> range : ranges) {
            int end = range.get(0) + range.get(1);
            List<String> cut = fields.stream()
                    .filter(field -> field.offset() < end && field.offset() + field.length() > range.get(0))
                    .filter(field -> field.offset() < range.get(0) || field.offset() + field.length() > end)
                    .map(FlowLayout.Field::name)
                    .toList();
            assertEquals(List.of(), cut, range + " cuts a field");
        }
    }

    /** Another program would not know an offset outside of {@link FlowLayout}. */
    @Test
    void noOtherClassHasOffsetsOfItsOwn() throws IOException {
        List<String> own = new ArrayList<>();
        Set<String> used = new TreeSet<>();
        for (String room : List.of("conntrack", "flowstore")) {
            try (Stream<Path> files = Files.list(Path.of("src/main/java/io/portcullis", room))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    String text = Files.readString(file);
                    for (Matcher access = ACCESS.matcher(text); access.find(); ) {
                        String offset = access.group(1).strip();
                        if (offset.startsWith("FlowLayout.")) {
                            used.add(offset);
                        } else if (!offset.equals("i")) {
                            own.add(file.getFileName() + ": " + offset);
                        }
                    }
                    if (BARE_OFFSET.matcher(text).find()) {
                        own.add(file.getFileName() + ": digits in an offset");
                    }
                }
            }
        }
        assertEquals(List.of(), own);
        assertTrue(used.size() >= 10, used.toString());
    }
}
